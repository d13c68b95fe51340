-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:reconciliation on pg

SELECT 1;
