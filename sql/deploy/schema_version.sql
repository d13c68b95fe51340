-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:schema_version to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TABLE orders.schema_version (
    only_row     boolean     NOT NULL DEFAULT true,
    number       integer     NOT NULL,
    release      text        NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT schema_version_pk PRIMARY KEY (only_row),
    CONSTRAINT schema_version_one_row CHECK (only_row),
    CONSTRAINT schema_version_number_valid CHECK (number >= 0)
);
COMMENT ON TABLE orders.schema_version IS
'The version of the schema, in one row. sql/rules/version.sql writes it whenever the functions are installed; the module compares number
with the range that it accepts.';
COMMENT ON COLUMN orders.schema_version.number IS
'100 to 199 while the schema orders_v1 is complete, 200 to 299 when orders_v2 is the oldest complete one. 0: no functions are installed.';
COMMENT ON COLUMN orders.schema_version.release IS 'The release that the functions belong to';
COMMENT ON COLUMN orders.schema_version.only_row IS 'Always true, so that there is no second row';
COMMENT ON COLUMN orders.schema_version.installed_at IS 'When the functions were installed last';
INSERT INTO orders.schema_version (number, release) VALUES (0, 'none');

COMMIT;
