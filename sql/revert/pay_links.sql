-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:pay_links from pg

BEGIN;

DROP FUNCTION orders.mark_mail;
DROP FUNCTION orders.claim_mail;
DROP FUNCTION orders.payment_by_intent;
DROP FUNCTION orders.read_link;
DROP FUNCTION orders.start_payment;
DROP FUNCTION orders.payment_row;
DROP FUNCTION orders.new_payment_like;
DROP FUNCTION orders.send_pay_link;
DROP FUNCTION orders.check_mail_limits;
DROP FUNCTION orders.refuse_mails;
DROP TABLE orders.mail;

COMMIT;
