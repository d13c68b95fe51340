-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:cancel on pg

SELECT api, state, payment_state, fulfilment_state, method, only_free, effect
FROM orders.cancel_rule WHERE false;
SELECT 'orders.cancel_effect'::regproc;
SELECT 'orders.cancel_order'::regproc;
SELECT 'orders.try_cancel'::regproc;
SELECT 'orders.cancel'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.cancel(integer, text, text, bigint, text, text, bytea, bigint, bigint, text, text[])', 'EXECUTE')::integer;
