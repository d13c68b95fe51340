-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:bills on pg

SELECT 'orders.bill_order'::regproc;
