-- SPDX-License-Identifier: Apache-2.0
-- PostgreSQL does not verify IMMUTABLE. A wrongly marked function is not inlined, and its results may be cached too long.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(2);

-- Functions marked IMMUTABLE that call a function without an immutable variant. refuse() only raises an error.
CREATE TEMP VIEW untrue_mark AS
WITH known AS (
    SELECT p.proname AS name, bool_or(p.provolatile = 'i') AS immutable FROM pg_proc p
    WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'orders'::regnamespace, 'orders_v1'::regnamespace)
    GROUP BY p.proname
)
SELECT DISTINCT format('%s calls %s', p.proname, k.name) AS problem
FROM pg_proc p
CROSS JOIN LATERAL regexp_matches(regexp_replace(p.prosrc, $$'[^']*'|--[^\n]*$$, '', 'g'), '\m([a-z_0-9]+)\s*\(', 'g') AS c (call)
JOIN known k ON k.name = c.call[1] AND NOT k.immutable AND k.name <> 'refuse'
WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND p.prokind = 'f' AND p.provolatile = 'i';

SELECT is_empty('SELECT * FROM untrue_mark', 'functions marked IMMUTABLE call only immutable functions');

CREATE FUNCTION orders_v1.broken_mark() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_build_object('a', 'b (') $$;
SELECT is((SELECT string_agg(m.problem, ', ') FROM untrue_mark m), 'broken_mark calls jsonb_build_object', 'an untrue mark is found');

SELECT * FROM finish();
ROLLBACK;
