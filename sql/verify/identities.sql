-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:identities on pg

SELECT 'orders.identity_row'::regproc;
SELECT 'orders.token_identity'::regproc;
SELECT 'orders.login_identity'::regproc;
SELECT 'orders.token_row'::regproc;
SELECT 'orders.issue_token'::regproc;
SELECT 'orders.revoke_token'::regproc;
SELECT 'orders.list_tokens'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.token_identity(bytea)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.login_identity(integer, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.issue_token(integer, text, text, bigint, text, text, bytea, bigint, text[], integer, bytea, text)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.revoke_token(integer, text, text, bigint, text, text, bytea, bigint)', 'EXECUTE')::integer;
SELECT 1 / has_function_privilege('orders_api',
    'orders.list_tokens(integer, bigint, integer)', 'EXECUTE')::integer;
