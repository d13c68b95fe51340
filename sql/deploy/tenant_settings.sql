-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:tenant_settings to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

ALTER TABLE orders.tenant
    ADD COLUMN address        jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN tax_number     text,
    ADD COLUMN email          text,
    ADD COLUMN phone          text,
    ADD COLUMN invoice_series text        NOT NULL DEFAULT 'INV',
    ADD COLUMN version        integer     NOT NULL DEFAULT 1,
    ADD COLUMN updated_at     timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT tenant_address_is_object CHECK (jsonb_typeof(address) = 'object'),
    ADD CONSTRAINT tenant_tax_number_length CHECK (length(tax_number) BETWEEN 1 AND 64),
    ADD CONSTRAINT tenant_email_length CHECK (octet_length(email) BETWEEN 3 AND 254),
    ADD CONSTRAINT tenant_phone_length CHECK (length(phone) BETWEEN 1 AND 40),
    ADD CONSTRAINT tenant_invoice_series_is_word CHECK (invoice_series ~ '^[A-Z0-9]{1,12}$'),
    ADD CONSTRAINT tenant_version_positive CHECK (version > 0);

CREATE TYPE orders_v1.settings_view AS (
    id             bigint,
    version        integer,
    name           text,
    address        jsonb,
    tax_number     text,
    email          text,
    phone          text,
    currency       text,
    tax_inclusive  boolean,
    bill_series    text,
    invoice_series text,
    time_zone      text,
    metadata       jsonb,
    created_at     timestamptz,
    updated_at     timestamptz
);

CREATE TYPE orders_v1.written_settings AS (outcome text, id bigint, replayed boolean, settings orders_v1.settings_view);

COMMENT ON COLUMN orders.tenant.address IS 'Address of the shop on its documents';
COMMENT ON COLUMN orders.tenant.tax_number IS 'Tax number of the shop on its documents';
COMMENT ON COLUMN orders.tenant.email IS 'Mail address of the shop on its documents';
COMMENT ON COLUMN orders.tenant.phone IS 'Telephone number of the shop';
COMMENT ON COLUMN orders.tenant.invoice_series IS 'Prefix of the numbers of the shop''s own invoices. No company has the same prefix';
COMMENT ON COLUMN orders.tenant.version IS 'Version of the settings, incremented by each change; the basis of ETag and If-Match';
COMMENT ON COLUMN orders.tenant.updated_at IS 'Time of the last change';
COMMENT ON TYPE orders_v1.settings_view IS 'The settings of a tenant as the operator API shows them. id: the tenant. Attributes are read by position: new ones go to the end';
COMMENT ON TYPE orders_v1.written_settings IS 'The result of a change of the settings. outcome: changed or unchanged';

COMMIT;
