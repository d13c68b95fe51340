-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:tenant_settings from pg

BEGIN;
SET LOCAL lock_timeout = '500ms';

DROP TYPE orders_v1.written_settings;
DROP TYPE orders_v1.settings_view;
ALTER TABLE orders.tenant
    DROP COLUMN updated_at,
    DROP COLUMN version,
    DROP COLUMN invoice_series,
    DROP COLUMN phone,
    DROP COLUMN email,
    DROP COLUMN tax_number,
    DROP COLUMN address;

COMMIT;
