-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:packages on pg

SELECT tenant_id, variant_id, external_ref, rank, duration_unit, duration_value, active, created_at, updated_at FROM orders.package WHERE false;
SELECT tenant_id, id, user_id, package_id, starts_at, ends_at, anchor_day, duration_unit, duration_value, order_id, former_id, revoked_at, created_at
FROM orders.package_term WHERE false;
SELECT tenant_id, user_id, placed_at, auto_upgrade_at, term_id, stated, updated_at FROM orders.member WHERE false;
SELECT tenant_id, order_id, user_id, kind, package_id, duration_unit, duration_value, former_id FROM orders.package_order WHERE false;
