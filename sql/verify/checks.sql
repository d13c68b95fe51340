-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:checks on pg

SELECT * FROM orders_check.balances_equal_postings WHERE false;
SELECT * FROM orders_check.paid_is_captured WHERE false;
SELECT * FROM orders_check.refunds_within_captured WHERE false;
SELECT * FROM orders_check.used_once WHERE false;
SELECT * FROM orders_check.stock_is_held WHERE false;
SELECT * FROM orders_check.shipments_fit WHERE false;
SELECT * FROM orders_check.returns_fit WHERE false;
SELECT * FROM orders_check.packages_fit WHERE false;
SELECT * FROM orders_check.refunded_is_closed WHERE false;
SELECT * FROM orders_check.stock_adds_up WHERE false;
SELECT * FROM orders_check.history_is_a_path WHERE false;
SELECT * FROM orders_check.lines_add_up WHERE false;
SELECT * FROM orders_check.series_without_gaps WHERE false;
SELECT * FROM orders_check.coupons_within_limits WHERE false;
SELECT * FROM orders_check.answers_have_effects WHERE false;
SELECT * FROM orders_check.one_event_a_step WHERE false;
SELECT * FROM orders_check.provider_events_fit WHERE false;
SELECT * FROM orders_check.all_violations WHERE false;
