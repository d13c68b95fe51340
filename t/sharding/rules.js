// SPDX-License-Identifier: Apache-2.0
//
// The rules for distributing tenants over machines with Citus, applied to every query of the schema and of the module.
'use strict';
const { walk, words, last } = require('./schema.js');
const { Scope, outputs } = require('./scope.js');
const { isVolatile, isMutable, unreduced } = require('./volatility.js');

// rule -> requirement
const RULES = {
    tenant: 'each query restricts each table that has a tenant_id by tenant_id = the tenant',
    argument: 'a function with the parameter p_tenant receives the tenant',
    outer: 'no outer join condition contains a variable that may be NULL',
    row: 'no query passes a whole row of a table to a function or cast',
    update: 'UPDATE and DELETE call no volatile function, no stable one of a column, and no stable one within CASE or COALESCE',
    returning: 'RETURNING is immutable',
    conflict: 'DO UPDATE is immutable',
    values: 'VALUES contains no subquery',
    cte: 'WITH contains no INSERT in a writing statement, and no writing statement in an INSERT',
    case: 'INSERT contains no CASE with an operand',
    language: 'a function in SQL that reads a table is inlined',
    plan: 'no function sets plan_cache_mode',
    column: 'an error does not use COLUMN',
    constraint: 'nothing depends on the name of a constraint',
    execute: 'EXECUTE is revoked from PUBLIC on the functions, not by default privileges',
    dynamic: 'no statement is composed at run time',
};

const TENANT_VARIABLES = ['p_tenant', 'v_tenant'];
const TENANT_FIELDS = ['tenant_id', 'tenant'];

// Functions of PostgreSQL that accept a row of any type.
const ANY_ROW = ['to_jsonb', 'to_json', 'row_to_json', 'jsonb_agg', 'json_agg', 'count', 'jsonb_build_object'];

class Check {
    // query: {name, file, line, tree, variables: Map, anyTenant: whether it reads the rows of all tenants}
    constructor(schema, query, report, calls) {
        Object.assign(this, { schema, query, calls });
        this.report = (rule, message) => report({ rule, where: query.name, message, file: query.file, line: query.line });
    }

    run() {
        this.statement(this.query.tree, null, new Map());
    }

    scope(outer, ctes) {
        return new Scope(this.schema, this.query.variables, outer, ctes);
    }

    isTenant(node, scope) {
        if (node.TypeCast) return this.isTenant(node.TypeCast.arg, scope);
        if (node.ParamRef) return node.ParamRef.number === 1;
        if (node.A_Indirection) {
            const { arg, indirection } = node.A_Indirection;
            const found = arg.ColumnRef && scope.resolve(words(arg.ColumnRef.fields));
            return Boolean(found && found.variable) && TENANT_FIELDS.includes(last(words(indirection)));
        }
        if (!node.ColumnRef) return false;
        const found = scope.resolve(words(node.ColumnRef.fields));
        if (!found || !found.variable) return false;
        return found.path.length ? TENANT_FIELDS.includes(last(found.path)) : TENANT_VARIABLES.includes(found.variable);
    }

    // The relation whose tenant column this is, if any.
    tenantOf(node, scope) {
        const found = node.ColumnRef && scope.resolve(words(node.ColumnRef.fields));
        if (!found || !found.relation || !found.column) return null;
        return found.column === (found.relation.tenant || 'tenant_id') ? found.relation : null;
    }

    // derived: a subquery in FROM that is not LATERAL
    statement(tree, outer, ctes, derived = false) {
        const [[type, node]] = Object.entries(tree);
        const known = this.withClause(node, outer, ctes);
        if (type === 'SelectStmt') this.select(node, outer, known, derived);
        else if (type === 'InsertStmt') this.insert(node, outer, known);
        else if (type === 'UpdateStmt') this.update(node, outer, known, node.fromClause);
        else if (type === 'DeleteStmt') this.update(node, outer, known, node.usingClause);
        if (type !== 'SelectStmt') this.writes(type, node);
    }

    withClause(node, outer, ctes) {
        const known = new Map(ctes);
        for (const { CommonTableExpr: cte } of (node.withClause || {}).ctes || []) {
            const names = cte.aliascolnames ? words(cte.aliascolnames) : outputs(cte.ctequery);
            if (node.withClause.recursive) known.set(cte.ctename, names);
            this.statement(cte.ctequery, outer, known);
            known.set(cte.ctename, names);
        }
        return known;
    }

    writes(type, node) {
        const within = ((node.withClause || {}).ctes || []).map(({ CommonTableExpr: cte }) => Object.keys(cte.ctequery)[0]);
        if (within.includes('InsertStmt')) this.report('cte', `INSERT within WITH of ${type.replace('Stmt', '').toUpperCase()}`);
        else if (type === 'InsertStmt' && within.some((t) => t !== 'SelectStmt')) this.report('cte', 'a write within WITH of INSERT');
    }

    select(node, outer, ctes, derived) {
        if (node.larg) {
            this.statement({ SelectStmt: node.larg }, outer, ctes, derived);
            this.statement({ SelectStmt: node.rarg }, outer, ctes, derived);
            return;
        }
        const scope = this.scope(outer, ctes);
        for (const item of node.fromClause || []) scope.addItem(item);
        this.level(scope, node.whereClause, derived);
        const { fromClause, withClause, whereClause, ...rest } = node;
        this.expressions(rest, scope);
    }

    update(node, outer, ctes, from) {
        const scope = this.scope(outer, ctes);
        const [target] = scope.addTable(node.relation);
        for (const item of from || []) scope.addItem(item);
        this.level(scope, node.whereClause);
        const values = (node.targetList || []).map(({ ResTarget: t }) => t.val);
        this.expressions({ values, returning: node.returningClause }, scope);
        if (!target.tenant) return;
        for (const name of isVolatile([values, node.whereClause], scope)) this.report('update', `${name} is volatile`);
        for (const name of unreduced([values, node.whereClause], scope)) this.report('update', name);
        this.returning(node, scope);
    }

    returning(node, scope) {
        for (const name of isMutable(node.returningClause, scope)) this.report('returning', `${name} in RETURNING`);
    }

    insert(node, outer, ctes) {
        const scope = this.scope(outer, ctes);
        const [target] = scope.addTable(node.relation);
        const select = node.selectStmt && node.selectStmt.SelectStmt;
        if (select) {
            for (const list of select.valuesLists || []) {
                walk(list, (type) => { if (type === 'SubLink') this.report('values', `into ${target.alias}`); });
            }
            this.statement(node.selectStmt, outer, ctes);
        }
        walk({ Root: node.selectStmt, Conflict: node.onConflictClause }, (type, value) => {
            if (type === 'CaseExpr' && value.arg) this.report('case', `into ${target.alias}`);
        });
        if (target.tenant) this.insertedTenant(node, target, select, outer, ctes);
        this.conflict(node, scope, target);
        this.expressions({ returning: node.returningClause }, scope);
        if (target.tenant) this.returning(node, scope);
    }

    insertedTenant(node, target, select, outer, ctes) {
        const names = node.cols ? node.cols.map(({ ResTarget: t }) => t.name) : [...target.columns.keys()];
        const at = names.indexOf(target.tenant);
        let first = select;
        while (first && first.larg) first = first.larg;
        if (!first) return;
        const scope = this.scope(outer, ctes);
        for (const item of first.fromClause || []) scope.addItem(item);
        const rows = first.valuesLists ? first.valuesLists.map((l) => l.List.items) : [first.targetList.map(({ ResTarget: t }) => t.val)];
        const whole = (value) => value && (value.A_Indirection || (value.ColumnRef && words(value.ColumnRef.fields).includes('*')));
        const given = (row) => row.length === 1 && whole(row[0]) ? whole(row[0])
            : row[at] && (this.isTenant(row[at], scope) || this.tenantOf(row[at], scope));
        if (at < 0 || !rows.every(given)) this.report('tenant', `INSERT INTO ${target.name} names no tenant`);
    }

    conflict(node, scope, target) {
        const clause = node.onConflictClause;
        if (!clause) return;
        scope.add({ alias: 'excluded', kind: 'excluded', columns: target.columns, tenant: target.tenant });
        const values = (clause.targetList || []).map(({ ResTarget: t }) => t.val);
        this.expressions({ values, where: clause.whereClause }, scope);
        if (!target.tenant) return;
        for (const name of isMutable([values, clause.whereClause], scope)) this.report('conflict', `${name} in DO UPDATE`);
    }

    // The FROM and WHERE of one query.
    level(scope, where, derived = false) {
        const conditions = conjuncts(where).map((expr) => ({ expr, only: null }));
        for (const join of scope.joins) {
            const only = { JOIN_LEFT: join.right, JOIN_RIGHT: join.left, JOIN_FULL: [] }[join.type] || null;
            for (const expr of conjuncts(join.quals)) conditions.push({ expr, only });
            if (only) this.outerJoin(join, scope);
            this.expressions(join.quals, scope);
        }
        if (this.query.anyTenant) this.connected(scope, conditions, derived);
        else this.restricted(scope, conditions);
        for (const { subquery, lateral } of scope.subqueries) this.statement(subquery, scope, scope.ctes, !lateral);
        for (const relation of scope.relations) {
            if (relation.node) this.expressions(relation.node.functions, scope, true);
        }
        this.expressions(where, scope);
    }

    restricted(scope, conditions) {
        const safe = new Set();
        const pairs = conditions.flatMap((c) => equalities(c.expr).map((pair) => ({ ...c, pair })));
        for (const { pair, only } of pairs) {
            for (const [a, b] of [pair, [...pair].reverse()]) {
                const relation = this.tenantOf(a, scope);
                if (relation && this.isTenant(b, scope) && (!only || only.includes(relation))) safe.add(relation);
            }
        }
        for (const relation of scope.relations) {
            if (relation.tenant && !safe.has(relation)) this.report('tenant', `${relation.name} ${relation.alias}`);
        }
    }

    // A view reads the rows of all tenants, so its joins have to compare tenants.
    connected(scope, conditions, derived) {
        const group = new Map();
        const find = (x) => (group.get(x) === x || !group.has(x) ? x : find(group.get(x)));
        const unite = (a, b) => { group.set(find(a), find(b)); };
        for (const { expr } of conditions) {
            for (const [a, b] of equalities(expr).flatMap(withoutCoalesce)) {
                const [x, y] = [this.tenantOf(a, scope), this.tenantOf(b, scope)];
                if (x && y) unite(scope.relations.includes(x) ? x : 'outer', scope.relations.includes(y) ? y : 'outer');
            }
        }
        for (const join of scope.joins) {
            if (join.using.includes('tenant_id')) for (const l of join.left) for (const r of join.right) unite(l, r);
        }
        const spread = scope.relations.filter((r) => r.tenant || (r.kind === 'subquery' && !r.lateral && readsTables(r.subquery, this.schema)));
        const around = !derived && scope.outer && scope.outer.relations.some((r) => r.tenant) ? ['outer'] : [];
        const all = around.concat(spread);
        for (const relation of all.slice(1)) {
            if (find(relation) !== find(all[0])) this.report('tenant', `${relation.name || 'subquery'} ${relation.alias}`);
        }
    }

    outerJoin(join, scope) {
        walk({ Root: join.quals }, (type, node) => {
            if (type === 'SubLink') return false;
            if (type === 'CoalesceExpr' && last(node.args).A_Const) return false;
            if (type !== 'ParamRef' && type !== 'ColumnRef' && type !== 'A_Indirection') return true;
            const one = { [type]: node };
            if (this.isTenant(one, scope)) return false;
            const found = type === 'ColumnRef' ? scope.resolve(words(node.fields)) : null;
            if (type === 'ParamRef') this.report('outer', `$${node.number}`);
            else if (found && found.variable && !this.isNotNull(found)) this.report('outer', [found.variable, ...found.path].join('.'));
            return true;
        });
    }

    // A column that is NOT NULL, of a row that the function was given.
    isNotNull({ variable, path }) {
        const parameter = (this.query.parameters || []).find((p) => p.name === variable);
        const row = parameter && this.schema.relations.get(last(parameter.type.split('.')));
        return Boolean(row && row.notNull && path.length === 1 && row.notNull.has(path[0]));
    }

    // Checks the calls and subqueries within an expression.
    expressions(tree, scope, from = false) {
        walk({ Root: tree }, (type, node, parents) => {
            if (type === 'SubLink') {
                this.expressions(node.testexpr, scope);
                this.statement(node.subselect, scope, scope.ctes);
                return false;
            }
            if (type === 'FuncCall') this.call(node, scope, from && parents.every(([t]) => ['Root', 'List'].includes(t)));
            if (type === 'TypeCast') this.rows([node.arg], scope, `cast to ${words(node.typeName.names).join('.')}`, true);
            return true;
        });
    }

    call(node, scope, inFrom) {
        const name = last(words(node.funcname));
        const own = this.schema.byName.get(name);
        this.calls.push({ name, inFrom, node, scope });
        if (!ANY_ROW.includes(name)) this.rows(node.args, scope, `${name}()`, false);
        const takesTenant = own && own.every((f) => f.parameters.length && f.parameters[0].name === 'p_tenant');
        if (!takesTenant || !node.args) return;
        if (!this.isTenant(node.args[0], scope) && !this.tenantOf(node.args[0], scope)) this.report('argument', `${name}()`);
    }

    rows(args, scope, what, direct) {
        walk({ Root: args || [] }, (type, node) => {
            if (type === 'SubLink' || type === 'FuncCall') return false;
            if (direct && !['Root', 'ColumnRef'].includes(type)) return false;
            const found = type === 'ColumnRef' ? scope.resolve(words(node.fields)) : null;
            if (found && found.whole && ['table', 'view'].includes(found.relation.kind)) this.report('row', `${found.relation.alias} in ${what}`);
            return true;
        });
    }
}

function conjuncts(node) {
    if (!node) return [];
    if (node.BoolExpr && node.BoolExpr.boolop === 'AND_EXPR') return node.BoolExpr.args.flatMap(conjuncts);
    return [node];
}

// The pairs of expressions that are compared by =, also within rows.
function equalities({ A_Expr: e }) {
    if (!e || e.kind !== 'AEXPR_OP' || last(words(e.name)) !== '=') return [];
    if (e.lexpr.RowExpr && e.rexpr.RowExpr) return e.lexpr.RowExpr.args.map((a, i) => [a, e.rexpr.RowExpr.args[i]]);
    return [[e.lexpr, e.rexpr]];
}

// In a FULL JOIN, the tenant is in either of the two columns.
function withoutCoalesce([a, b]) {
    const sides = (node) => (node.CoalesceExpr ? node.CoalesceExpr.args : [node]);
    return sides(a).flatMap((x) => sides(b).map((y) => [x, y]));
}

function readsTables(tree, schema) {
    let found = false;
    walk({ Root: tree }, (type, node) => {
        const range = type === 'RangeVar' ? node : /^(?:Insert|Update|Delete)Stmt$/.test(type) ? node.relation : null;
        const relation = range && schema.relations.get(range.relname);
        found = found || Boolean(relation && relation.kind !== 'type');
    });
    return found;
}

// PostgreSQL's conditions for inlining a set-returning function.
function checkInlining(f, calls, schema, report) {
    const single = f.body.statements.length === 1 && f.body.statements[0].tree.SelectStmt;
    if (!f.returnsSet || f.volatility === 'volatile' || f.definer || f.strict || f.sets.length || !single) {
        report('language', 'cannot be inlined');
        return;
    }
    for (const call of calls.filter((c) => c.name === last(f.name.split('.')))) {
        let computed = isVolatile(call.node.args, call.scope).length > 0;
        walk({ Root: call.node.args || [] }, (type) => { computed = computed || type === 'SubLink'; });
        if (!call.inFrom) report('language', 'is called outside of FROM');
        else if (computed) report('language', 'is called with a subquery or a volatile argument');
    }
}

const COLUMN_OPTION = 4; // PLPGSQL_RAISEOPTION_COLUMN

function checkFunction(schema, f, calls, all) {
    const report = (rule, message, line = f.line) => all({ rule, where: f.name, message, file: f.file, line });
    if (f.language === 'sql' && f.body.statements.some(({ tree }) => readsTables(tree, schema))) checkInlining(f, calls, schema, report);
    if (f.sets.includes('plan_cache_mode')) report('plan', 'SET plan_cache_mode');
    if (!schema.revoked.has(f.name) && !schema.revoked.has(f.name.replace(/[^.]*$/, '*'))) report('execute', 'is not revoked');
    for (const r of f.body.raised) if (r.option === COLUMN_OPTION) report('column', 'RAISE USING COLUMN', r.line);
    for (const d of f.body.diagnostics) {
        if (d.kind === 'COLUMN_NAME') report('column', d.kind, d.line);
        if (d.kind === 'CONSTRAINT_NAME') report('constraint', d.kind, d.line);
    }
    for (const d of f.body.dynamic) report('dynamic', 'EXECUTE', d.line);
}

// Returns all violations: [{rule, where, message, file, line}]. statements: of the module, [{name, file, line, tree}]
function check(schema, statements) {
    const found = [];
    const calls = [];
    const report = (violation) => found.push(violation);
    const none = new Map();
    for (const f of schema.functions) {
        for (const { tree, line } of f.body.statements) {
            new Check(schema, { name: f.name, file: f.file, line, tree, variables: f.body.variables, parameters: f.parameters }, report, calls)
                .run();
        }
    }
    for (const view of schema.views) {
        new Check(schema, { ...view, tree: view.query, variables: none, anyTenant: true }, report, calls).run();
    }
    for (const statement of statements) new Check(schema, { ...statement, variables: none }, report, calls).run();
    for (const f of schema.functions) checkFunction(schema, f, calls, report);
    for (const { file, line } of schema.defaults) report({ rule: 'execute', where: file, message: 'ALTER DEFAULT PRIVILEGES', file, line });
    return found;
}

module.exports = { RULES, check };
