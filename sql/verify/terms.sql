-- SPDX-License-Identifier: Apache-2.0
-- Verify orders:terms on pg

SELECT 'orders.period_end'::regproc;
SELECT 'orders.is_active'::regproc;
SELECT 'orders.lock_member'::regproc;
SELECT 'orders.term_of'::regproc;
SELECT 'orders.next_term'::regproc;
SELECT 'orders.give_term'::regproc;
SELECT 'orders.still_fits'::regproc;
SELECT 'orders.would_strand'::regproc;
SELECT 'orders.apply_package'::regproc;
SELECT 'orders.revoke_package'::regproc;
SELECT 'orders.follow_package'::regproc;
SELECT 'orders.put_package_order'::regproc;
