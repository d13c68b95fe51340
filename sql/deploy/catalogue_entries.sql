-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:catalogue_entries to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TYPE orders_v1.entry AS (
    id         bigint,
    ref        text,
    document   jsonb,
    details    jsonb,
    created_at timestamptz,
    updated_at timestamptz
);

CREATE TYPE orders_v1.entry_view AS (
    id         bigint,
    kind       text,
    ref        text,
    document   jsonb,
    tag        text,
    created_at timestamptz,
    updated_at timestamptz
);

CREATE TYPE orders_v1.written_entry AS (
    outcome  text,
    id       bigint,
    replayed boolean,
    entry    orders_v1.entry_view
);

COMMENT ON TYPE orders_v1.entry IS
'An entry of the catalogue: the document that creates the same entry, and details that only responses have. NULL created_at: not recorded';
COMMENT ON TYPE orders_v1.entry_view IS
'An entry of the catalogue as responses show it, and the tag of its document. Without a document, it is only a position in a list.
Attributes are read by position: new ones go to the end';
COMMENT ON TYPE orders_v1.written_entry IS 'The result of a change of an entry of the catalogue: updated or unchanged';

COMMIT;
