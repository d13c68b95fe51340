-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:line_references from pg
-- A column of a view cannot be dropped while functions use its row type: it stays, and is null.

BEGIN;
SET LOCAL lock_timeout = '500ms';

CREATE OR REPLACE VIEW orders_v1.order_view AS
SELECT o.tenant_id, o.id, o.buyer_id, o.public_id, o.number::text AS number, o.bill_no, o.api::text AS api, o.version,
       o.state::text AS state, o.payment_state::text AS payment_state, o.fulfilment_state::text AS fulfilment_state,
       o.claimable, o.payment_method, o.payment_channel, o.payer,
       CASE WHEN o.state = 'cancelled' THEN orders_v1.cancel_reason(o.tenant_id, o.id) END AS cancel_reason,
       o.notes::text AS notes, o.currency::text AS currency, o.exponent, o.subtotal, o.discount, o.tax, o.shipping, o.total, o.refunded,
       o.tax_inclusive, o.snapshot::jsonb AS snapshot, o.metadata::jsonb AS metadata,
       o.created_at, o.updated_at, o.paid_at, o.cancelled_at, o.refunded_at, o.expires_at,
       ARRAY(SELECT ROW(l.id, l.item_id, l.kind::text, l.item_ref, l.product_number, l.variant, l.title, l.image, l.slug, l.currency,
                        l.quantity, l.refunded_quantity, l.cancelled_quantity, l.unit_price, l.list_price, l.subtotal, l.discount,
                        l.tax, l.returnable, l.snapshot::jsonb, l.attributes::jsonb, l.metadata::jsonb, l.created_at)::orders_v1.line_view
             FROM orders.order_line l
             WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
             ORDER BY l.id) AS lines,
       ARRAY(SELECT ROW(p.id, p.status::text, p.method, p.channel, p.provider, p.reference, p.intent_id, p.provider_key::text,
                        p.failure_code, p.failure_message, p.currency, p.amount, p.refunded, p.surplus,
                        p.pay_url, p.metadata::jsonb, p.created_at, p.updated_at, p.captured_at, p.expires_at)::orders_v1.payment_view
             FROM orders.payment p
             WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id
             ORDER BY p.id) AS payments,
       ARRAY(SELECT ROW(r.id, r.payment_id, r.status::text, p.method, p.channel, p.provider, r.reference, r.provider_key::text,
                        r.failure_code, r.reason, r.currency, r.amount, r.surplus, r.metadata::jsonb, r.created_at, r.updated_at,
                        r.settled_at)::orders_v1.refund_view
             FROM orders.refund r
             JOIN orders.payment p ON p.tenant_id = r.tenant_id AND p.id = r.payment_id
             WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id
             ORDER BY r.id) AS refunds,
       (SELECT ROW(u.id, o.currency::text, coalesce(a.balance, 0), coalesce(a.updated_at, u.created_at))::orders_v1.balance_view
        FROM orders.users u
        LEFT JOIN orders.account a ON a.tenant_id = u.tenant_id AND a.user_id = u.id AND a.currency = o.currency
        WHERE u.tenant_id = o.tenant_id AND u.id = o.buyer_id) AS balance,
       (SELECT ROW(t.id, o.buyer_id, t.entry_type::text, t.currency,
                   CASE WHEN t.credit_user_id = o.buyer_id THEN t.amount ELSE -t.amount END,
                   CASE WHEN t.credit_user_id = o.buyer_id THEN t.credit_balance_after ELSE t.debit_balance_after END,
                   t.reference, t.description, t.metadata::jsonb, t.created_at)::orders_v1.posting_view
        FROM orders.posting t
        WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id AND o.buyer_id IN (t.debit_user_id, t.credit_user_id)
        ORDER BY t.id DESC
        LIMIT 1) AS posting,
       (SELECT ROW(u.id, u.external_ref, u.public_id, u.name, NULL, NULL, u.email)::orders_v1.user_view
        FROM orders.users u
        WHERE u.tenant_id = o.tenant_id AND u.id = o.buyer_id) AS buyer,
       (SELECT ROW(u.id, u.external_ref, u.public_id, u.name, u.given_name, u.family_name, u.email)::orders_v1.user_view
        FROM orders.users u
        WHERE u.tenant_id = o.tenant_id AND u.id = o.agent_id) AS agent,
       (SELECT ROW(c.id, c.external_ref, c.name, c.email, c.address, c.images)::orders_v1.company_view
        FROM orders.company c
        WHERE c.tenant_id = o.tenant_id AND c.id = o.retailer_id) AS company,
       ARRAY(SELECT ROW(t.key, t.rate_bp, t.amount)::orders_v1.tax_view
             FROM orders.order_tax t
             WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id
             ORDER BY t.key, t.rate_bp) AS taxes,
       ARRAY(SELECT ROW(a.id, a.kind::text, a.document::jsonb)::orders_v1.address_view
             FROM orders.order_address a
             WHERE a.tenant_id = o.tenant_id AND a.order_id = o.id
             ORDER BY a.kind::text) AS addresses,
       ARRAY(SELECT ROW(h.step, h.version, h.axis, h.from_state, h.to_state, h.actor, h.actor_id, h.comment, h.created_at,
                        h.created_at AT TIME ZONE z.time_zone AT TIME ZONE 'UTC')::orders_v1.step_view
             FROM orders_v1.order_history h
             JOIN orders.tenant z ON z.id = h.tenant_id
             WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id
             ORDER BY h.step) AS history,
       ARRAY(SELECT ROW(u.id, u.external_ref, u.public_id, u.name, u.given_name, u.family_name, u.email)::orders_v1.user_view
             FROM (SELECT DISTINCT x.tenant_id, x.actor_id FROM orders_v1.order_operation x
                   WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id AND x.actor_id IS NOT NULL) AS h
             JOIN orders.users u ON u.tenant_id = h.tenant_id AND u.id = h.actor_id
             WHERE u.tenant_id = o.tenant_id
             ORDER BY u.id) AS actors,
       ARRAY(SELECT ROW(i.id, i.company_id, i.number, i.document -> 'issuer' ->> 'name', i.created_at)::orders_v1.invoice_view
             FROM orders.invoice i
             WHERE i.tenant_id = o.tenant_id AND i.order_id = o.id
             ORDER BY i.id) AS invoices,
       (SELECT ROW(s.id, s.status, s.courier, s.service, s.tracking_number, s.tracking_url, s.estimated_delivery,
                   coalesce(coalesce(s.delivered_at, now()) > s.expected_at, false), s.expected_at, s.shipped_at, s.delivered_at,
                   s.updated_at,
                   coalesce(s.delivered_at, s.expected_at) AT TIME ZONE z.time_zone AT TIME ZONE 'UTC')::orders_v1.shipment_view
        FROM orders.shipment s
        JOIN orders.tenant z ON z.id = s.tenant_id
        WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id) AS shipment,
       ARRAY(SELECT ROW(e.id, e.shipment_id, e.status, e.location, e.description, e.at)::orders_v1.tracking_view
             FROM orders.shipment_event e
             WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.withdrawn_at IS NULL
             ORDER BY e.at, e.id) AS tracking,
       ARRAY(SELECT ROW(r.id, r.order_id, o.number::text, r.refund_id, r.state::text, r.reason, o.currency::text,
                        CASE WHEN r.refund_id IS NOT NULL THEN (
                            SELECT sum(f.amount) FROM orders.refund f
                            WHERE f.tenant_id = r.tenant_id AND f.order_id = r.order_id AND f.return_id = r.id
                              AND f.status <> 'failed')::bigint END,
                        (SELECT jsonb_agg(jsonb_build_object('id', l.line_id, 'quantity', l.quantity) ORDER BY l.line_id)
                         FROM orders.return_line l WHERE l.tenant_id = r.tenant_id AND l.return_id = r.id),
                        r.created_at, r.updated_at)::orders_v1.return_view
             FROM orders.order_return r
             WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id
             ORDER BY r.id) AS returns,
       coalesce((SELECT CASE q.kind WHEN 'purchase' THEN 'package' ELSE q.kind END
                 FROM orders.package_order q WHERE q.tenant_id = o.tenant_id AND q.order_id = o.id),
                (SELECT l.kind::text FROM orders.order_line l
                 WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind IN ('plan', 'product')
                 ORDER BY l.id LIMIT 1)) AS category,
       (SELECT y.symbol FROM orders.currency y WHERE y.code = o.currency) AS currency_symbol,
       CASE WHEN o.state = 'open' THEN
            (SELECT CASE WHEN p.status = 'pending' AND p.pay_url IS NOT NULL AND orders_v1.is_payable(o.state, o.payment_state, o.expires_at)
                         THEN p.pay_url END
             FROM orders.payment p
             WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND NOT p.surplus
             ORDER BY p.id DESC LIMIT 1) END AS pay_url,
       orders_v1.is_paid_by_link(o.payment_method) AS paid_by_link,
       NULL::jsonb AS line_references
FROM orders.orders o;

COMMIT;
