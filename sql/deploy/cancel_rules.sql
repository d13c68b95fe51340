-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:cancel_rules to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.cancel_rule (
    api              text    NOT NULL,
    state            text    NOT NULL,
    payment_state    text    NOT NULL,
    fulfilment_state text    NOT NULL,
    method           text    NOT NULL DEFAULT '*',
    only_free        boolean NOT NULL DEFAULT false,
    effect           text    NOT NULL DEFAULT 'cancel',
    CONSTRAINT cancel_rule_pkey PRIMARY KEY (api, state, payment_state, fulfilment_state, method, only_free),
    CONSTRAINT cancel_rule_effect_known CHECK (effect IN ('cancel', 'unchanged'))
);

INSERT INTO orders.cancel_rule (api, state, payment_state, fulfilment_state, method, only_free, effect)
SELECT r.api, s.state, p.payment_state, f.fulfilment_state, r.method, r.only_free, r.effect
FROM (VALUES
    ('user', 'cancelled expired', '*', '*', '*', false, 'unchanged'),
    ('user', 'open', 'unpaid confirming failed', 'none pending confirmed', '*', false, 'cancel'),
    ('user', 'error', '*', '*', '*', false, 'cancel'),
    ('user', 'open completed', 'paid', 'none pending confirmed', '*', true, 'cancel'),
    ('company', 'cancelled', '*', '*', '*', false, 'unchanged'),
    ('company', 'open', 'unpaid failed', 'none pending confirmed packed', '*', false, 'cancel'),
    ('company', 'error expired', '*', '*', '*', false, 'cancel'),
    ('shop', 'cancelled expired error', '*', '*', '*', false, 'unchanged'),
    ('shop', 'open', 'unpaid confirming failed paid partially_refunded', 'none pending', '*', false, 'cancel'),
    ('shop', 'completed', 'paid', 'none', '*', true, 'cancel'),
    ('customer', 'cancelled expired error', '*', '*', '*', false, 'unchanged'),
    ('customer', 'open', 'unpaid confirming failed paid', 'none pending confirmed', 'cod', false, 'cancel'),
    ('commerce', 'cancelled expired', '*', '*', '*', false, 'unchanged'),
    ('commerce', 'open', 'unpaid confirming failed', 'none pending confirmed packed', '*', false, 'cancel'),
    ('commerce', 'error', '*', '*', '*', false, 'cancel'),
    ('operator', 'cancelled', '*', '*', '*', false, 'unchanged'),
    ('operator', 'open', 'unpaid confirming failed paid partially_refunded', 'none pending confirmed packed', '*',
     false, 'cancel'),
    ('operator', 'open', 'unpaid failed', 'shipped out_for_delivery', 'cod', false, 'cancel'),
    ('operator', 'error expired', '*', '*', '*', false, 'cancel'),
    ('operator', 'completed', 'paid', 'none', '*', true, 'cancel')
) AS r (api, states, payment_states, fulfilment_states, method, only_free, effect)
CROSS JOIN LATERAL string_to_table(r.states, ' ') AS s (state)
CROSS JOIN LATERAL string_to_table(r.payment_states, ' ') AS p (payment_state)
CROSS JOIN LATERAL string_to_table(r.fulfilment_states, ' ') AS f (fulfilment_state);

COMMENT ON TABLE orders.cancel_rule IS
'Which orders may be cancelled. A cancellation needs a rule of the calling API and, except in the operator API, one of the API that the order was
placed through. *: any';
COMMENT ON COLUMN orders.cancel_rule.api IS 'The API: that of the request, or that through which the order was placed';
COMMENT ON COLUMN orders.cancel_rule.state IS 'Order state';
COMMENT ON COLUMN orders.cancel_rule.payment_state IS 'Payment state or *';
COMMENT ON COLUMN orders.cancel_rule.fulfilment_state IS 'Fulfilment state or *';
COMMENT ON COLUMN orders.cancel_rule.method IS 'Payment method or *';
COMMENT ON COLUMN orders.cancel_rule.only_free IS 'true: only when the total is 0';
COMMENT ON COLUMN orders.cancel_rule.effect IS 'cancel; or unchanged: the order is already cancelled';

COMMIT;
