-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:documents from pg

BEGIN;

DROP FUNCTION orders.refuse_constraint;
DROP FUNCTION orders.upsert_outcome;
DROP TYPE orders.upserted;
DROP FUNCTION orders.doc_currency;
DROP FUNCTION orders.doc_word;
DROP FUNCTION orders.doc_time;
DROP FUNCTION orders.doc_display;
DROP FUNCTION orders.has_controls_within;
DROP FUNCTION orders.doc_json;
DROP FUNCTION orders.doc_boolean;
DROP FUNCTION orders.doc_number;
DROP FUNCTION orders.whole_number;
DROP FUNCTION orders.doc_url;
DROP FUNCTION orders.is_url;
DROP FUNCTION orders.doc_mail;
DROP FUNCTION orders.doc_said;
DROP FUNCTION orders.doc_text;
DROP FUNCTION orders.doc_nested;
DROP FUNCTION orders.check_members;
DROP FUNCTION orders.doc_path;
DROP FUNCTION orders.is_mail_address;
DROP FUNCTION orders.has_controls;

COMMIT;
