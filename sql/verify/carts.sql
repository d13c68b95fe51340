-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:carts on pg

SELECT tenant_id, id, code, company_id, user_id, currency, state, created_at, updated_at
FROM orders.cart WHERE false;
SELECT tenant_id, cart_id, id, variant_id, quantity, discount
FROM orders.cart_line WHERE false;
SELECT tenant_id, cart_id, order_id, not_sold
FROM orders.cart_reorder WHERE false;
