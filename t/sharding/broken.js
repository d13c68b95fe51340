// SPDX-License-Identifier: Apache-2.0
//
// Tests of the rules: for each rule a function, view or statement that violates it, and its corrected form.
'use strict';

// The schema of the tests.
const base = `
CREATE TABLE orders.tenant (id integer NOT NULL);
CREATE TABLE orders.item (tenant_id integer NOT NULL, id bigint NOT NULL, kind text, due_at timestamptz, buyer_id bigint);
CREATE TABLE orders.part (tenant_id integer NOT NULL, item_id bigint NOT NULL, id bigint);
CREATE FUNCTION orders.shown(i orders.item) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT i.kind $$;
CREATE FUNCTION orders.counted(p_tenant integer) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
REVOKE EXECUTE ON FUNCTION orders.shown, orders.counted FROM PUBLIC;
`;

const f = (body, declare = '') => `CREATE FUNCTION orders.tried(p_tenant integer, p_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o orders.item;
    v_now timestamptz := clock_timestamp();
    v_ids bigint[];
${declare}BEGIN
    ${body};
END
$$; REVOKE EXECUTE ON FUNCTION orders.tried FROM PUBLIC;`;

const sql = (text, properties) => `CREATE FUNCTION orders.tried(p_tenant integer, p_id bigint, i orders.item) ${properties} AS $$ ${text} $$;
REVOKE EXECUTE ON FUNCTION orders.tried FROM PUBLIC;`;

const ITEM = 'RETURNS SETOF bigint LANGUAGE sql STABLE';

const PARTS = 'SELECT * FROM orders.part p WHERE p.tenant_id = p_tenant AND p.item_id = p_id';

const c = (text) => `static const orders_statement_t tried = {.name = "tried", .text = "${text}", .param_count = 2};`;

// [rule, what is tested, violation, corrected form, whether it is C]
const tries = [
    ['tenant', 'a table without a tenant', f('SELECT * INTO o FROM orders.item x WHERE x.id = p_id'),
        f('SELECT * INTO o FROM orders.item x WHERE x.tenant_id = p_tenant AND x.id = p_id')],
    ['tenant', 'a table compared with another tenant column only',
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x JOIN orders.part p ON p.tenant_id = x.tenant_id WHERE x.tenant_id = p_tenant)'),
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x JOIN orders.part p ON p.tenant_id = p_tenant WHERE x.tenant_id = p_tenant)')],
    ['tenant', 'a subquery without a tenant',
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x WHERE x.tenant_id = p_tenant AND EXISTS (SELECT FROM orders.part p '
            + 'WHERE p.tenant_id = x.tenant_id AND p.item_id = x.id))'),
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x WHERE x.tenant_id = p_tenant AND EXISTS (SELECT FROM orders.part p '
            + 'WHERE (p.tenant_id, p.item_id) = (p_tenant, x.id)))')],
    ['tenant', 'a tenant that an outer join compares on the wrong side',
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x LEFT JOIN orders.part p ON x.tenant_id = p_tenant AND p.tenant_id = p_tenant)'),
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x LEFT JOIN orders.part p ON p.tenant_id = p_tenant WHERE x.tenant_id = p_tenant)')],
    ['tenant', 'a tenant within OR', f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant OR m.id = p_id'),
        f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant AND (m.id = p_id OR m.id = 0)')],
    ['tenant', 'an INSERT of another tenant', f("INSERT INTO orders.part (tenant_id, item_id) VALUES (1, p_id)"),
        f("INSERT INTO orders.part (tenant_id, item_id) VALUES (p_tenant, p_id)")],
    ['tenant', 'a view that joins across tenants',
        'CREATE VIEW orders.tried AS SELECT o.tenant_id FROM orders.item o JOIN orders.part p ON p.item_id = o.id',
        'CREATE VIEW orders.tried AS SELECT o.tenant_id FROM orders.item o JOIN orders.part p ON (p.tenant_id, p.item_id) = (o.tenant_id, o.id)'],
    ['tenant', 'a view that looks up across tenants',
        'CREATE VIEW orders.tried AS SELECT o.tenant_id FROM orders.item o WHERE EXISTS (SELECT FROM orders.part p WHERE p.item_id = o.id)',
        'CREATE VIEW orders.tried AS SELECT o.tenant_id FROM orders.item o WHERE EXISTS (SELECT FROM orders.part p '
            + 'WHERE p.tenant_id = o.tenant_id AND p.item_id = o.id)'],
    ['argument', 'a call for another tenant', f('PERFORM orders.counted(1)'), f('PERFORM orders.counted(p_tenant)')],
    ['outer', 'an outer join by a variable',
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x LEFT JOIN orders.part u ON u.tenant_id = p_tenant AND u.id = p_id WHERE x.tenant_id = p_tenant)'),
        f('v_ids := ARRAY(SELECT x.id FROM orders.item x LEFT JOIN orders.part u ON u.tenant_id = p_tenant AND u.id = coalesce(p_id, 0) '
            + 'WHERE x.tenant_id = p_tenant)')],
    ['outer', 'an outer join by a column that may be NULL', sql('SELECT p.id FROM orders.item x LEFT JOIN orders.part p '
        + 'ON p.tenant_id = i.tenant_id AND p.id = i.buyer_id WHERE x.tenant_id = i.tenant_id', ITEM),
        sql('SELECT p.id FROM orders.item x LEFT JOIN orders.part p ON p.tenant_id = i.tenant_id AND p.id = i.id WHERE x.tenant_id = i.tenant_id', ITEM)],
    ['row', 'a row for a function', f('PERFORM orders.shown(x) FROM orders.item x WHERE x.tenant_id = p_tenant'),
        f('SELECT * INTO o FROM orders.item x WHERE x.tenant_id = p_tenant; PERFORM orders.shown(o)')],
    ['row', 'a row for a cast', f('PERFORM (x::orders.item).id FROM orders.item x WHERE x.tenant_id = p_tenant'),
        f('PERFORM x.id FROM orders.item x WHERE x.tenant_id = p_tenant')],
    ['update', 'a volatile function', f('UPDATE orders.item m SET due_at = clock_timestamp() WHERE m.tenant_id = p_tenant'),
        f('UPDATE orders.item m SET due_at = v_now WHERE m.tenant_id = p_tenant')],
    ['update', 'a stable operator of a column', f("UPDATE orders.item m SET due_at = m.due_at + interval '1 hour' WHERE m.tenant_id = p_tenant"),
        f("UPDATE orders.item m SET due_at = now() + interval '1 hour' WHERE m.tenant_id = p_tenant")],
    ['update', 'a stable function in CASE', f('UPDATE orders.item m SET due_at = CASE WHEN p_id > 0 THEN now() END WHERE m.tenant_id = p_tenant'),
        f('UPDATE orders.item m SET due_at = CASE WHEN p_id > 0 THEN v_now END WHERE m.tenant_id = p_tenant')],
    ['update', 'a volatile function in DELETE', f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant AND m.due_at < clock_timestamp()'),
        f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant AND m.due_at < now()')],
    ['returning', 'a stable function', f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant RETURNING now() INTO v_now'),
        f('DELETE FROM orders.item m WHERE m.tenant_id = p_tenant RETURNING m.due_at INTO v_now')],
    ['conflict', 'a stable function', f('INSERT INTO orders.item AS m (tenant_id, id) VALUES (p_tenant, p_id) ON CONFLICT (tenant_id, id) DO UPDATE SET due_at = now()'),
        f('INSERT INTO orders.item AS m (tenant_id, id) VALUES (p_tenant, p_id) ON CONFLICT (tenant_id, id) DO UPDATE SET due_at = excluded.due_at')],
    ['values', 'a subquery', f('INSERT INTO orders.item (tenant_id, id) VALUES (p_tenant, (SELECT 1))'),
        f('INSERT INTO orders.item (tenant_id, id) VALUES (p_tenant, 1)')],
    ['cte', 'an INSERT that feeds another',
        f('WITH x AS (INSERT INTO orders.item (tenant_id) VALUES (p_tenant) RETURNING id) INSERT INTO orders.item (tenant_id, id) SELECT p_tenant, x.id FROM x'),
        f('WITH x AS (SELECT 1 AS id) INSERT INTO orders.item (tenant_id, id) SELECT p_tenant, x.id FROM x')],
    ['case', 'a CASE with an operand', f('INSERT INTO orders.item (tenant_id, id) VALUES (p_tenant, CASE p_id WHEN 1 THEN 2 END)'),
        f('INSERT INTO orders.item (tenant_id, id) VALUES (p_tenant, CASE WHEN p_id = 1 THEN 2 END)')],
    ['language', 'a function that cannot be inlined', sql(PARTS, 'RETURNS SETOF orders.part LANGUAGE sql'),
        sql(PARTS, 'RETURNS SETOF orders.part LANGUAGE sql STABLE')],
    ['language', 'a function that is called outside of FROM',
        sql(PARTS, 'RETURNS SETOF orders.part LANGUAGE sql STABLE') + ' CREATE VIEW orders.asked AS SELECT orders.tried(t.id, 1) FROM orders.tenant t',
        sql(PARTS, 'RETURNS SETOF orders.part LANGUAGE sql STABLE')
            + ' CREATE VIEW orders.asked AS SELECT l.id FROM orders.tenant t, LATERAL orders.tried(t.id, 1) AS l'],
    ['plan', 'a setting of a function', sql('SELECT 1', "RETURNS integer LANGUAGE sql SET plan_cache_mode = force_generic_plan"),
        sql('SELECT 1', "RETURNS integer LANGUAGE sql SET search_path = orders")],
    ['column', 'a refusal with COLUMN', f("RAISE EXCEPTION USING ERRCODE = 'OR422', COLUMN = 'id'"), f("RAISE EXCEPTION USING ERRCODE = 'OR422', DETAIL = 'id'")],
    ['constraint', 'the name of a constraint', f('PERFORM 1; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS v_name = CONSTRAINT_NAME', '    v_name text;\n'),
        f('PERFORM 1; EXCEPTION WHEN unique_violation THEN GET STACKED DIAGNOSTICS v_name = TABLE_NAME', '    v_name text;\n')],
    ['execute', 'a function that PUBLIC may execute', sql('SELECT 1', 'RETURNS integer LANGUAGE sql').replace(/REVOKE.*/, ''),
        sql('SELECT 1', 'RETURNS integer LANGUAGE sql')],
    ['execute', 'a function outside of the schema', sql('SELECT 1', 'RETURNS integer LANGUAGE sql').replace(/REVOKE.*/, 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA other FROM PUBLIC'),
        sql('SELECT 1', 'RETURNS integer LANGUAGE sql').replace(/REVOKE.*/, 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA orders FROM PUBLIC')],
    ['execute', 'default privileges', 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', 'SELECT 1'],
    ['dynamic', 'a statement that is composed at run time', f("EXECUTE format('DELETE FROM %I', p_id)"), f('PERFORM 1')],
    ['tenant', 'a statement of the module', c('SELECT i.id FROM orders.item AS i WHERE i.id = $2'),
        c('SELECT i.id FROM orders.item AS i " "WHERE i.tenant_id = $1 AND i.id = $2'), true],
    ['constraint', 'the name of a constraint in C', 'int field = PG_DIAG_CONSTRAINT_NAME;', 'int field = PG_DIAG_SQLSTATE;', true],
    ['column', 'the name of a column in C', 'int field = PG_DIAG_COLUMN_NAME;', 'int field = PG_DIAG_MESSAGE_HINT;', true],
];

module.exports = { base, tries };
