-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:retention on pg

SELECT 1;
