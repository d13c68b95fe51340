-- SPDX-License-Identifier: Apache-2.0
-- Deploy orders:operator_reads to pg

BEGIN;
SET LOCAL lock_timeout = '500ms';
SET LOCAL ROLE orders_owner;

CREATE TYPE orders_v1.document_row AS (id bigint, document text, searched_to bigint);

COMMENT ON TYPE orders_v1.document_row IS
'A row of a list of the operator API. document: the entry as JSON. The last row of a list may have only searched_to: the next page begins below this id';

COMMIT;
