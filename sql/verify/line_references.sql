-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:line_references on pg

SELECT line_references FROM orders_v1.order_view WHERE false;
