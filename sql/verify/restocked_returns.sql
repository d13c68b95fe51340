-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:restocked_returns on pg

SELECT restocked FROM orders.return_line WHERE false;
