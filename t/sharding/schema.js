// SPDX-License-Identifier: Apache-2.0
//
// Reads SQL files with PostgreSQL's parser: tables, types, views, functions, and every statement in a function's body.
'use strict';
const parser = require('libpg-query');

const words = (list) => (list || []).map((item) => (item.String ? item.String.sval : '*'));
const last = (list) => list[list.length - 1];

// Calls visit(type, node, parents) for each node; it does not go below a node for which visit returns false.
function walk(node, visit, parents = []) {
    if (Array.isArray(node)) {
        for (const item of node) walk(item, visit, parents);
    } else if (node && typeof node === 'object') {
        for (const [type, value] of Object.entries(node)) {
            if (!value || typeof value !== 'object') continue;
            if (/^[A-Z]/.test(type) && visit(type, value, parents) === false) continue;
            walk(value, visit, /^[A-Z]/.test(type) ? parents.concat([[type, value]]) : parents);
        }
    }
}

function typeName(type) {
    const names = words(type.names);
    const name = (names[0] === 'pg_catalog' ? names.slice(1) : names).join('.');
    return name + (type.arrayBounds ? '[]' : '');
}

function parameter({ FunctionParameter: p }) {
    return { name: p.name, type: typeName(p.argType), mode: p.mode.replace('FUNC_PARAM_', '').toLowerCase() };
}

const isOutput = (p) => ['out', 'table'].includes(p.mode);

class Schema {
    constructor() {
        this.relations = new Map(); // tables, views and composite types: {name, kind, columns: Map(name -> type)}
        this.functions = [];
        this.views = [];
        this.revoked = new Set();
        this.defaults = []; // ALTER DEFAULT PRIVILEGES
    }

    // files: Map(path -> text)
    static async read(files) {
        await parser.loadModule();
        const schema = new Schema();
        for (const [path, text] of files) schema.readFile(path, text);
        schema.byName = new Map();
        for (const f of schema.functions) {
            const name = last(f.name.split('.'));
            schema.byName.set(name, [...(schema.byName.get(name) || []), f]);
        }
        for (const f of schema.functions) f.body = bodyOf(f);
        return schema;
    }

    readFile(path, text) {
        const sql = text.replace(/^\\.*$/gm, '--'); // commands of psql
        const bytes = Buffer.from(sql);
        for (const { stmt, stmt_location: start = 0, stmt_len: length } of parse(sql, path).stmts) {
            const source = bytes.subarray(start, length ? start + length : undefined).toString();
            const blank = source.length - source.trimStart().length;
            const line = bytes.subarray(0, start).toString().split('\n').length + source.slice(0, blank).split('\n').length - 1;
            const [[type, node]] = Object.entries(stmt);
            const read = this[`read${type}`];
            if (read) read.call(this, node, { file: path, line, source, start });
        }
    }

    addRelation(kind, range, columns, where) {
        this.relations.set(range.relname, { name: range.relname, schema: range.schemaname, kind, columns, ...where });
    }

    readCreateStmt(node, where) {
        const columns = new Map();
        const notNull = new Set();
        for (const { ColumnDef: c } of node.tableElts) {
            if (!c) continue;
            columns.set(c.colname, typeName(c.typeName));
            if ((c.constraints || []).some(({ Constraint: k }) => k.contype === 'CONSTR_NOTNULL')) notNull.add(c.colname);
        }
        this.addRelation('table', node.relation, columns, { ...where, notNull });
    }

    readCompositeTypeStmt(node, where) {
        const columns = new Map(node.coldeflist.map(({ ColumnDef: c }) => [c.colname, typeName(c.typeName)]));
        this.addRelation('type', node.typevar, columns, where);
    }

    readViewStmt(node, where) {
        let first = node.query.SelectStmt;
        while (first.larg) first = first.larg;
        const outputs = (first.targetList || []).map(({ ResTarget: t }) => [outputName(t), null]);
        const columns = new Map(outputs);
        (node.aliases || []).forEach((alias) => columns.set(alias.String.sval, null));
        this.addRelation('view', node.view, columns, where);
        this.views.push({ name: `${node.view.schemaname}.${node.view.relname}`, query: node.query, ...where });
    }

    readCreateFunctionStmt(node, where) {
        const f = { name: words(node.funcname).join('.'), sets: [], volatility: 'volatile', language: 'sql', ...where };
        f.parameters = (node.parameters || []).map(parameter);
        f.returns = node.returnType && typeName(node.returnType);
        f.parsed = withoutArrays(where, [...(node.parameters || []).map((p) => p.FunctionParameter.argType), node.returnType]);
        f.returnsSet = Boolean((node.returnType && node.returnType.setof) || f.parameters.some((p) => p.mode === 'table'));
        for (const { DefElem: option } of node.options || []) {
            if (option.defname === 'language') f.language = option.arg.String.sval.toLowerCase();
            if (option.defname === 'volatility') f.volatility = option.arg.String.sval;
            if (option.defname === 'strict') f.strict = option.arg.Boolean.boolval;
            if (option.defname === 'security') f.definer = option.arg.Boolean.boolval;
            if (option.defname === 'set') f.sets.push(option.arg.VariableSetStmt.name);
            if (option.defname === 'as') f.text = option.arg.List.items[0].String.sval;
        }
        this.functions.push(f);
    }

    readGrantStmt(node) {
        if (!/FUNCTION|ROUTINE|PROCEDURE/.test(node.objtype)) return;
        const toPublic = node.grantees.some(({ RoleSpec: r }) => r.roletype === 'ROLESPEC_PUBLIC');
        if (node.is_grant || !toPublic) return;
        if (node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
            for (const schema of words(node.objects)) this.revoked.add(`${schema}.*`);
            return;
        }
        for (const { ObjectWithArgs: o } of node.objects) this.revoked.add(words(o.objname).join('.'));
    }

    readAlterDefaultPrivilegesStmt(node, where) {
        this.defaults.push(where);
    }
}

// libpg-query has no catalog: it treats an array of a composite type as record[], which PL/pgSQL rejects.
function withoutArrays(where, types) {
    const bytes = Buffer.from(where.source);
    const arrays = types.filter((type) => type && type.arrayBounds && words(type.names)[0] !== 'pg_catalog');
    let end = bytes.length;
    let source = '';
    for (const at of arrays.map((type) => type.location - where.start).sort((a, b) => b - a)) {
        source = bytes.subarray(at, end).toString().replace(/^[\w.]+/, 'text') + source;
        end = at;
    }
    return bytes.subarray(0, end).toString() + source;
}

function parse(sql, what) {
    try {
        return parser.parseSync(sql);
    } catch (error) {
        throw new Error(`${what}: ${error.message}: ${sql.slice(0, 400)}`);
    }
}

function outputName(target) {
    if (target.name) return target.name;
    if (target.val.ColumnRef) return last(words(target.val.ColumnRef.fields));
    return target.val.FuncCall ? last(words(target.val.FuncCall.funcname)) : '?column?';
}

// The expression of a PL/pgSQL assignment: behind := or = outside of brackets.
function assigned(query) {
    let depth = 0;
    for (const token of parser.scanSync(query).tokens) {
        if (token.text === '[') depth++;
        else if (token.text === ']') depth--;
        else if (depth === 0 && [':=', '='].includes(token.text)) return Buffer.from(query).subarray(token.end).toString();
    }
    throw new Error(`no assignment: ${query}`);
}

// The body of a function: {variables: Map(name -> type), statements: [{tree, line}], raised: [{options}], diagnostics, dynamic}.
function bodyOf(f) {
    const body = { variables: new Map(), statements: [], raised: [], diagnostics: [], dynamic: [] };
    for (const p of f.parameters) if (p.name) body.variables.set(p.name, p.type);
    if (f.language === 'sql') {
        if (f.text) for (const { stmt } of parse(f.text, f.name).stmts) body.statements.push({ tree: stmt, line: f.line });
        return body;
    }
    if (f.language !== 'plpgsql') return body;
    const tree = parser.parsePlPgSQLSync(f.parsed).plpgsql_funcs[0].PLpgSQL_function;
    for (const datum of tree.datums) {
        const { refname, datatype } = datum.PLpgSQL_var || datum.PLpgSQL_rec || {};
        if (refname && !body.variables.has(refname)) body.variables.set(refname, datatype ? datatype.PLpgSQL_type.typname.trim() : null);
    }
    readExpressions(tree, f, body, f.line);
    return body;
}

function readExpressions(node, f, body, line) {
    if (Array.isArray(node)) {
        for (const item of node) readExpressions(item, f, body, line);
        return;
    }
    if (!node || typeof node !== 'object') return;
    const bodyLine = f.line + f.source.trimStart().slice(0, f.source.trimStart().indexOf(f.text.trim())).split('\n').length - 1;
    for (const [type, value] of Object.entries(node)) {
        const at = value && value.lineno ? bodyLine + value.lineno - 2 : line;
        if (type === 'PLpgSQL_expr') {
            const mode = value.parseMode || 0;
            const sql = mode === 0 ? value.query : `SELECT ${mode === 2 ? value.query : assigned(value.query)}`;
            for (const { stmt } of parse(sql, f.name).stmts) body.statements.push({ tree: stmt, line });
            continue;
        }
        if (type === 'PLpgSQL_stmt_raise') {
            for (const { PLpgSQL_raise_option: o } of value.options || []) body.raised.push({ option: o.opt_type || 0, line: at });
        } else if (type === 'PLpgSQL_diag_item') {
            body.diagnostics.push({ kind: value.kind, line });
        } else if (/^PLpgSQL_(?:stmt_dyn|stmt_return_query$)/.test(type) && (type !== 'PLpgSQL_stmt_return_query' || value.dynquery)) {
            body.dynamic.push({ line: at });
        }
        readExpressions(value, f, body, at);
    }
}

module.exports = { Schema, walk, words, last, isOutput, parse, outputName };
