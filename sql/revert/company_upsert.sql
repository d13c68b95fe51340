-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:company_upsert from pg

BEGIN;

DROP FUNCTION orders.make_cart;
DROP FUNCTION orders.put_cart_lines;
DROP FUNCTION orders.put_product;
DROP FUNCTION orders.product_document;
DROP FUNCTION orders.put_variants;
DROP FUNCTION orders.put_variant;
DROP FUNCTION orders.doc_options;
DROP FUNCTION orders.doc_translations;
DROP FUNCTION orders.put_stock;
DROP FUNCTION orders.put_prices;
DROP FUNCTION orders.put_membership;
DROP FUNCTION orders.put_company;
DROP FUNCTION orders.doc_images;
DROP FUNCTION orders.doc_address;
DROP FUNCTION orders.company_id_of;

COMMIT;
