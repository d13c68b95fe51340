-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:countries on pg

SELECT code, name, postcode FROM orders.country WHERE false;
SELECT country, code FROM orders.subdivision WHERE false;
