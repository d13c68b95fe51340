-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:shipments from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TABLE orders.shipment_event;
DROP TABLE orders.shipment;

COMMIT;
