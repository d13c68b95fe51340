// SPDX-License-Identifier: Apache-2.0
//
// The volatility of expressions: declared for functions of the schema, listed below for PostgreSQL's functions, and derived from the
// types for operators and casts. A function that is not listed counts as volatile.
'use strict';
const { walk, words, last } = require('./schema.js');

const LEVELS = ['immutable', 'stable', 'volatile'];

const BUILT_IN = new Map(Object.entries({
    volatile: 'clock_timestamp random gen_random_uuid nextval setval currval pg_notify set_config pg_advisory_xact_lock timeofday',
    stable: 'now statement_timestamp transaction_timestamp to_char to_timestamp date_trunc date_part to_json to_jsonb row_to_json '
        + 'jsonb_build_object jsonb_build_array json_build_object jsonb_agg jsonb_object_agg format concat concat_ws age current_setting '
        + 'quote_literal array_to_string timezone',
    immutable: 'abs array_agg array_append array_length array_position array_remove btrim bool_and bool_or cardinality ceil coalesce '
        + 'count decode div encode extract floor generate_series generate_subscripts greatest initcap int8send is_normalized '
        + 'jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_each jsonb_each_text jsonb_object_keys jsonb_set '
        + 'jsonb_strip_nulls jsonb_typeof least left length lower lpad ltrim make_date make_interval max md5 min mod normalize nullif '
        + 'octet_length overlay power rank regexp_match regexp_matches regexp_replace repeat replace reverse right round row_number rpad '
        + 'rtrim set_bit sha256 sign split_part sqrt starts_with string_agg string_to_array strpos substr substring sum translate trim '
        + 'trunc unnest upper uuid_send jsonb_path_exists array_cat lag lead dense_rank first_value every like_escape xmlforest hashtext',
}).flatMap(([level, names]) => names.split(' ').map((name) => [name, level])));

// Casts and comparisons of timestamptz with these depend on the session's time zone.
const LOCAL_TIMES = ['date', 'timestamp', 'time', 'text'];

function levelOf(type, node, scope) {
    if (type === 'SQLValueFunction') return 'stable';
    if (type === 'FuncCall') {
        const name = last(words(node.funcname));
        const own = scope.schema.byName.get(name);
        if (own) return LEVELS[Math.max(...own.map((f) => LEVELS.indexOf(f.volatility)))];
        // With an explicit zone.
        if (name === 'timezone' && node.args.length === 2) return 'immutable';
        return BUILT_IN.get(name) || 'volatile';
    }
    if (type === 'TypeCast') {
        const target = words(node.typeName.names).slice(-1)[0];
        const from = scope.typeOf(node.arg);
        if (from === 'timestamptz' && LOCAL_TIMES.includes(target)) return 'stable';
        return target === 'timestamptz' && from !== 'timestamptz' && !node.arg.A_Const ? 'stable' : 'immutable';
    }
    if (type === 'A_Expr') {
        const [l, r] = [scope.typeOf(node.lexpr), scope.typeOf(node.rexpr)];
        const operator = last(words(node.name));
        const pair = (a, b) => (l === a && r === b) || (l === b && r === a);
        if (['+', '-'].includes(operator) && (l === 'timestamptz' || r === 'timestamptz') && l !== r) return 'stable';
        return LOCAL_TIMES.some((t) => pair('timestamptz', t)) ? 'stable' : 'immutable';
    }
    return 'immutable';
}

function levels(tree, scope) {
    const found = [];
    walk({ Root: tree }, (type, node) => {
        const level = levelOf(type, node, scope);
        if (level !== 'immutable') found.push({ level, type, node });
    });
    return found;
}

const nameOf = ({ type, node }) => (type === 'FuncCall' ? `${last(words(node.funcname))}()` : type === 'A_Expr'
    ? `operator ${last(words(node.name))} on timestamptz` : type === 'TypeCast' ? `cast to ${last(words(node.typeName.names))}` : 'CURRENT_TIMESTAMP');

const isVolatile = (tree, scope) => levels(tree, scope).filter((f) => f.level === 'volatile').map(nameOf);
const isMutable = (tree, scope) => levels(tree, scope).map(nameOf);

function hasColumn(tree, scope) {
    let found = false;
    walk({ Root: tree }, (type, node) => {
        if (type === 'SubLink') return false;
        if (type === 'ColumnRef') {
            const resolved = scope.resolve(words(node.fields));
            found = found || Boolean(resolved && resolved.relation);
        }
        return true;
    });
    return found;
}

// Stable functions and operators of columns, and CASE or COALESCE of anything mutable.
function unreduced(tree, scope) {
    const found = [];
    walk({ Root: tree }, (type, node) => {
        if (type === 'SubLink') return false;
        if (type === 'CaseExpr' || type === 'CoalesceExpr') {
            for (const name of isMutable(node, scope)) found.push(`${name} in ${type === 'CaseExpr' ? 'CASE' : 'COALESCE'}`);
            return false;
        }
        if (levelOf(type, node, scope) === 'stable' && hasColumn(node, scope)) found.push(`${nameOf({ type, node })} of a column`);
        return true;
    });
    return found;
}

module.exports = { isVolatile, isMutable, unreduced };
