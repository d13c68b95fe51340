-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:cancel_rules on pg

SELECT api, state, payment_state, fulfilment_state, method, only_free, effect
FROM orders.cancel_rule WHERE false;
