-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:company_upsert on pg

SELECT 'orders.company_id_of'::regproc;
SELECT 'orders.doc_address'::regproc;
SELECT 'orders.doc_images'::regproc;
SELECT 'orders.put_company'::regproc;
SELECT 'orders.put_membership'::regproc;
SELECT 'orders.put_prices'::regproc;
SELECT 'orders.put_stock'::regproc;
SELECT 'orders.doc_translations'::regproc;
SELECT 'orders.doc_options'::regproc;
SELECT 'orders.put_variant'::regproc;
SELECT 'orders.put_variants'::regproc;
SELECT 'orders.product_document'::regproc;
SELECT 'orders.put_product'::regproc;
SELECT 'orders.put_cart_lines'::regproc;
SELECT 'orders.make_cart'::regproc;
SELECT 1 / has_function_privilege('orders_api',
    'orders.make_cart(integer, text, text, bigint, text, text, bytea, jsonb)', 'EXECUTE')::integer;
