// SPDX-License-Identifier: Apache-2.0
//
// Name resolution: the relations in FROM of a query and of the enclosing queries, and the variables of the function.
'use strict';
const { words, last, outputName, isOutput } = require('./schema.js');

// The column that distributes the rows; null for tables that are replicated to every machine.
function tenantColumn(relation) {
    if (!relation || relation.kind === 'type') return null;
    if (relation.name === 'tenant' && relation.kind === 'table') return 'id';
    return relation.columns.has('tenant_id') ? 'tenant_id' : null;
}

// Column names of a query's result; null if its list contains a star.
function outputs(query) {
    let select = query.SelectStmt;
    while (select && select.larg) select = select.larg;
    const list = select ? select.targetList : (Object.values(query)[0].returningClause || {}).exprs;
    const names = (list || []).map(({ ResTarget: t }) => outputName(t));
    return names.includes('*') ? null : names;
}

function functionColumns(schema, call, alias, names) {
    if (names.length) return names;
    const own = schema.byName.get(last(words(call.funcname)));
    const output = own && own[0].parameters.filter(isOutput);
    if (output && output.length) return output.map((p) => p.name);
    const row = own && own[0].returns && schema.relations.get(last(own[0].returns.split('.')));
    return row ? [...row.columns.keys()] : [alias];
}

class Scope {
    constructor(schema, variables, outer, ctes) {
        Object.assign(this, { schema, variables, outer, ctes, relations: [], joins: [], subqueries: [] });
    }

    add(relation) {
        this.relations.push(relation);
        return [relation];
    }

    addTable(range) {
        const name = range.relname;
        const alias = range.alias ? range.alias.aliasname : name;
        if (!range.schemaname && this.ctes.has(name)) {
            const columns = this.ctes.get(name);
            return this.add({ alias, kind: 'cte', columns: columns && new Map(columns.map((c) => [c, null])) });
        }
        const found = this.schema.relations.get(name);
        const relation = found && found.kind !== 'type' ? found : null;
        return this.add({ alias, name, kind: relation ? relation.kind : 'unknown', relation, columns: relation && relation.columns,
                          tenant: tenantColumn(relation) });
    }

    // Adds the relations of an item of FROM and returns them.
    addItem(item) {
        if (item.RangeVar) return this.addTable(item.RangeVar);
        if (item.RangeSubselect) {
            const { subquery, alias, lateral } = item.RangeSubselect;
            const names = alias && alias.colnames ? words(alias.colnames) : outputs(subquery);
            this.subqueries.push({ subquery, lateral });
            return this.add({ alias: alias && alias.aliasname, kind: 'subquery', subquery, lateral,
                              columns: names && new Map(names.map((n) => [n, null])) });
        }
        if (item.RangeFunction) {
            const { functions, alias } = item.RangeFunction;
            const call = functions[0].List.items[0].FuncCall;
            const name = alias ? alias.aliasname : call && last(words(call.funcname));
            const names = call ? functionColumns(this.schema, call, name, words(alias && alias.colnames)) : null;
            return this.add({ alias: name, kind: 'function', node: item.RangeFunction,
                              columns: names && new Map(names.map((n) => [n, null])) });
        }
        if (item.JoinExpr) {
            const join = item.JoinExpr;
            const left = this.addItem(join.larg);
            const right = this.addItem(join.rarg);
            this.joins.push({ type: join.jointype, quals: join.quals, using: words(join.usingClause), left, right });
            return left.concat(right);
        }
        return [];
    }

    find(test) {
        for (let scope = this; scope; scope = scope.outer) {
            for (const relation of scope.relations) if (test(relation)) return relation;
        }
        return null;
    }

    // {relation, column}, {relation, whole: true}, {variable, path} or null
    resolve(names) {
        const [first, ...rest] = names;
        if (rest.length) {
            const relation = this.find((r) => r.alias === first);
            if (relation) return rest[0] === '*' ? { relation, whole: true } : { relation, column: rest[0] };
            return this.variables.has(first) ? { variable: first, path: rest } : null;
        }
        const owner = this.find((r) => r.columns && r.columns.has(first));
        if (owner) return { relation: owner, column: first };
        const relation = this.find((r) => r.alias === first);
        if (relation) return { relation, whole: true };
        return this.variables.has(first) ? { variable: first, path: [] } : null;
    }

    // The type of an expression where declarations tell it; otherwise null.
    typeOf(node) {
        if (!node) return null;
        if (node.TypeCast) return words(node.TypeCast.typeName.names).slice(-1)[0];
        if (node.SQLValueFunction) return 'timestamptz';
        if (node.CoalesceExpr) return this.typeOf(node.CoalesceExpr.args[0]);
        if (node.FuncCall) {
            const name = last(words(node.FuncCall.funcname));
            if (['now', 'clock_timestamp', 'statement_timestamp', 'to_timestamp'].includes(name)) return 'timestamptz';
            if (name === 'make_interval') return 'interval';
            const own = this.schema.byName.get(name);
            if (!own && ['least', 'greatest'].includes(name)) return this.typeOf(node.FuncCall.args[0]);
            return own ? own[0].returns : null;
        }
        if (node.MinMaxExpr) return this.typeOf(node.MinMaxExpr.args[0]);
        if (node.A_Expr && ['+', '-'].includes(last(words(node.A_Expr.name)))) {
            const [l, r] = [this.typeOf(node.A_Expr.lexpr), this.typeOf(node.A_Expr.rexpr)];
            if (l === 'timestamptz' || r === 'timestamptz') return l === r ? 'interval' : 'timestamptz';
            return l || r;
        }
        if (!node.ColumnRef) return null;
        const found = this.resolve(words(node.ColumnRef.fields));
        if (!found || found.whole) return null;
        if (found.relation) return (found.relation.columns && found.relation.columns.get(found.column)) || null;
        let type = this.variables.get(found.variable);
        for (const field of found.path) {
            const row = type && this.schema.relations.get(last(type.split('.')));
            type = row ? row.columns.get(field) : null;
        }
        return type;
    }
}

module.exports = { Scope, outputs, tenantColumn };
