-- SPDX-License-Identifier: Apache-2.0
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(8);

SELECT is_empty($$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace, 'orders_check'::regnamespace) AND c.relkind IN ('r', 'v')
      AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every table and view has a comment');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'orders'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND col_description(c.oid, a.attnum) IS NULL$$, 'every column of a table has a comment');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.oid = 'orders_v1.order_view'::regclass AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL$$, 'every column of order_view has a comment');
SELECT is_empty($$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'orders_v1'::regnamespace AND c.relkind = 'c' AND obj_description(c.reltype, 'pg_type') IS NULL$$, 'every composite type has a comment');
SELECT is_empty($$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'orders_v1'::regnamespace AND c.relkind = 'c' AND c.relname ~ '_view$'
      AND obj_description(c.reltype, 'pg_type') !~ 'Attributes are read by position: new ones go to the end'$$, 'the comments of types read by position say so');
SELECT is_empty($$SELECT p.proname FROM pg_proc p
    WHERE p.pronamespace IN ('orders'::regnamespace, 'orders_v1'::regnamespace) AND obj_description(p.oid, 'pg_proc') IS NULL$$, 'every function has a comment');
SELECT is_empty($$SELECT k.conrelid::regclass, k.conname FROM pg_constraint k
    WHERE k.connamespace = 'orders'::regnamespace AND k.contype IN ('p', 'u', 'f') AND k.conrelid <> 0
      AND k.conrelid::regclass::text <> ALL ('{orders.currency,orders.tenant,orders.transition,orders.cancel_rule,orders.label,orders.country,orders.subdivision,orders.provider_currency,orders.schema_version}')
      AND k.confrelid::regclass::text <> ALL ('{orders.currency,orders.transition}')
      AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) <> 'tenant_id'$$,
    'tenant_id is the first column of every key except in reference tables');
SELECT is_empty($$SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'orders'::regnamespace AND NOT t.tgisinternal AND t.tgname NOT IN ('invoice_is_immutable', 'bill_is_immutable', 'bill_document_is_immutable')$$, 'the only triggers are those that make invoices and bills immutable');
SELECT * FROM finish();
ROLLBACK;
