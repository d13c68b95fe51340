-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:exports on pg

SELECT 'webhook'::orders.due_kind, 'export'::orders.due_kind;
SELECT tenant_id, id, public_id, kind, format, state, from_at, to_at, requested_by, attempts, failures, rows, bytes, sha256, error_code, error_message,
       created_at, updated_at, started_at, snapshot_at, finished_at, expires_at
FROM orders.export WHERE false;
SELECT NULL::orders_v1.export_view, NULL::orders_v1.written_export, NULL::orders_v1.export_task, NULL::orders_v1.export_file;
SELECT tenant_id, created_at, id FROM orders_v1.export_order WHERE false;
SELECT tenant_id, created_at, order_id, line_id FROM orders_v1.export_line WHERE false;
SELECT tenant_id, created_at, id FROM orders_v1.export_posting WHERE false;
SELECT 1 / has_table_privilege('orders_api', 'orders_v1.export_order', 'SELECT')::integer,
       1 / has_table_privilege('orders_api', 'orders_v1.export_line', 'SELECT')::integer,
       1 / has_table_privilege('orders_api', 'orders_v1.export_posting', 'SELECT')::integer;
