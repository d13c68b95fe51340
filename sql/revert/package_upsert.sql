-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:package_upsert from pg

BEGIN;

DROP FUNCTION orders.put_member;
DROP FUNCTION orders.doc_term;
DROP FUNCTION orders.member_document;
DROP FUNCTION orders.put_package;

COMMIT;
