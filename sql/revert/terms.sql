-- SPDX-License-Identifier: Apache-2.0
-- Revert orders:terms from pg

BEGIN;

DROP FUNCTION orders.put_package_order;
DROP FUNCTION orders.follow_package;
DROP FUNCTION orders.revoke_package;
DROP FUNCTION orders.apply_package;
DROP FUNCTION orders.would_strand;
DROP FUNCTION orders.still_fits;
DROP FUNCTION orders.give_term;
DROP FUNCTION orders.next_term;
DROP FUNCTION orders.term_of;
DROP FUNCTION orders.lock_member;
DROP FUNCTION orders.is_active;
DROP FUNCTION orders.period_end;

COMMIT;
