-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:idempotent_calls on pg

SELECT NULL::orders.context;
SELECT NULL::orders.claim;
SELECT 'orders.claim_key'::regproc;
SELECT 'orders.replay'::regproc;
SELECT 'orders.without_nulls'::regproc;
SELECT 'orders.result_row'::regproc;
SELECT 'orders.finish_rows'::regproc;
SELECT 'orders.finish'::regproc;
