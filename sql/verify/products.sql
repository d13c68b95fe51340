-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:products on pg

SELECT tenant_id, id, external_ref, company_id, number, slug, name, description, images, tax_class,
       returnable, translations, active, metadata, created_at, updated_at
FROM orders.product WHERE false;
SELECT tenant_id, id, product_id, external_ref, number, name, options, images, status, active, created_at,
       updated_at
FROM orders.variant WHERE false;
SELECT tenant_id, variant_id, currency, price, list_price
FROM orders.variant_price WHERE false;
SELECT tenant_id, variant_id, stated, entered, shipped, on_hand, reserved, counted, updated_at
FROM orders.stock WHERE false;
