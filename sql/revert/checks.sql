-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:checks from pg

BEGIN;

DROP VIEW orders_check.all_violations;
DROP VIEW orders_check.provider_events_fit;
DROP VIEW orders_check.stock_adds_up;
DROP VIEW orders_check.refunded_is_closed;
DROP VIEW orders_check.packages_fit;
DROP VIEW orders_check.returns_fit;
DROP VIEW orders_check.shipments_fit;
DROP VIEW orders_check.stock_is_held;
DROP VIEW orders_check.one_event_a_step;
DROP VIEW orders_check.answers_have_effects;
DROP VIEW orders_check.coupons_within_limits;
DROP VIEW orders_check.series_without_gaps;
DROP VIEW orders_check.lines_add_up;
DROP VIEW orders_check.history_is_a_path;
DROP VIEW orders_check.used_once;
DROP VIEW orders_check.refunds_within_captured;
DROP VIEW orders_check.paid_is_captured;
DROP VIEW orders_check.balances_equal_postings;

COMMIT;
