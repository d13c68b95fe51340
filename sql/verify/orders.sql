-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:orders on pg

SELECT axis, from_state, to_state, actor, event, step
FROM orders.transition WHERE false;
SELECT tenant_id, id, public_id, number, bill_no, api, version, state,
       payment_state, fulfilment_state, buyer_id, claimable, retailer_id, agent_id, payer, cart_id, payment_method,
       payment_channel, currency, exponent, tax_inclusive, subtotal, discount, tax, shipping, total,
       captured, refunded, notes, snapshot, metadata, created_at, updated_at, paid_at, cancelled_at,
       refunded_at, expires_at
FROM orders.orders WHERE false;
SELECT tenant_id, order_id, id, kind, item_id, item_ref, product_number, slug, title, variant, attributes,
       quantity, unit_price, list_price, subtotal, discount, tax, currency, image, returnable,
       refunded_quantity, refunded_amount, cancelled_quantity, returned_quantity, reserved, stock_shipped, snapshot, metadata, created_at
FROM orders.order_line WHERE false;
SELECT tenant_id, order_id, key, rate_bp, amount
FROM orders.order_tax WHERE false;
SELECT tenant_id, order_id, kind, document
FROM orders.order_address WHERE false;
SELECT 'orders.event_epoch'::regproc;
SELECT tenant_id, version, subject_id, id, xid, created_at, epoch, first_step, actor_id, return_id, subject, types, steps, actor, api,
       hash, comments_digest, comments_salt, comments
FROM orders.event WHERE false;
SELECT tenant_id, coupon_id, order_id, user_id, amount, currency, state, created_at, updated_at
FROM orders.coupon_redemption WHERE false;
SELECT tenant_id, series, last_number
FROM orders.number_series WHERE false;
