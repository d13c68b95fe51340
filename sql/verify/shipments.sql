-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:shipments on pg

SELECT tenant_id, order_id, id, status, courier, service, tracking_number, tracking_url, estimated_delivery, expected_at,
       shipped_at, delivered_at, created_at, updated_at FROM orders.shipment WHERE false;
SELECT tenant_id, order_id, id, shipment_id, status, location, description, at, withdrawn_at, created_at FROM orders.shipment_event WHERE false;
