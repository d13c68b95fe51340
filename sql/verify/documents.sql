-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:documents on pg

SELECT 'orders.has_controls'::regproc;
SELECT 'orders.is_mail_address'::regproc;
SELECT 'orders.doc_path'::regproc;
SELECT 'orders.check_members'::regproc;
SELECT 'orders.doc_nested'::regproc;
SELECT 'orders.doc_text'::regproc;
SELECT 'orders.doc_said'::regproc;
SELECT 'orders.doc_mail'::regproc;
SELECT 'orders.is_url'::regproc;
SELECT 'orders.doc_url'::regproc;
SELECT 'orders.whole_number'::regproc;
SELECT 'orders.doc_number'::regproc;
SELECT 'orders.doc_boolean'::regproc;
SELECT 'orders.doc_json'::regproc;
SELECT 'orders.has_controls_within'::regproc;
SELECT 'orders.doc_display'::regproc;
SELECT 'orders.doc_time'::regproc;
SELECT 'orders.doc_word'::regproc;
SELECT 'orders.doc_currency'::regproc;
SELECT NULL::orders.upserted;
SELECT 'orders.upsert_outcome'::regproc;
SELECT 'orders.refuse_constraint'::regproc;
