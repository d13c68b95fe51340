-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:package_upsert on pg

SELECT 'orders.put_package'::regproc;
SELECT 'orders.member_document'::regproc;
SELECT 'orders.doc_term'::regproc;
SELECT 'orders.put_member'::regproc;
