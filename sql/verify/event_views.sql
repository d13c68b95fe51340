-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:event_views on pg

SELECT NULL::orders_v1.event_view, NULL::orders_v1.event_step_view;
