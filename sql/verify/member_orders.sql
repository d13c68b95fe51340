-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:member_orders on pg

SELECT NULL::orders.broken_rule;
SELECT 'orders.refuse_all'::regproc;
SELECT 'orders.note_broken'::regproc;
SELECT 'orders.given_text'::regproc;
SELECT 'orders.given_id'::regproc;
SELECT 'orders.given_amount'::regproc;
SELECT 'orders.given_discount'::regproc;
SELECT 'orders.major_text'::regproc;
SELECT 'orders.check_address'::regproc;
SELECT 'orders.given_address'::regproc;
SELECT 'orders.member_head'::regproc;
SELECT 'orders.member_payment'::regproc;
SELECT NULL::orders.offer;
SELECT 'orders.offer_of'::regproc;
SELECT 'orders.offer_line'::regproc;
SELECT 'orders.check_price'::regproc;
SELECT 'orders.check_under_way'::regproc;
SELECT NULL::orders.judged_lines;
SELECT 'orders.judge_line'::regproc;
SELECT 'orders.judge_lines'::regproc;
SELECT 'orders.put_member_order'::regproc;
SELECT 'orders.member_place'::regproc;
SELECT 'orders.renewal_line'::regproc;
SELECT 'orders.check_step'::regproc;
SELECT 'orders.check_renewal_sums'::regproc;
SELECT 'orders.upgrade_or_renew'::regproc;
SELECT 'orders.apply_paid_package'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.member_place(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.upgrade_or_renew(integer, text, text, bigint, text, text, bytea, jsonb, integer, text[], integer, timestamptz)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.apply_paid_package(integer, text, text, bigint, text, text, bytea, bigint, text[], timestamptz)', 'EXECUTE')::integer;
