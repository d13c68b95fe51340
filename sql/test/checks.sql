-- SPDX-License-Identifier: Apache-2.0
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

-- Direct SQL violates each invariant. Triggers and foreign keys are disabled, and a CHECK that prevents the violation is dropped. The
-- view of the invariant must report the violation. A savepoint restores the data.
SELECT pg_temp.buy('alice', p_coupon => 'TWO', p_key => 'k') AS a \gset
SELECT pg_temp.buy('bob', p_method => 'manual') AS b \gset
SELECT pg_temp.buy('bob') AS c \gset
SELECT pg_temp.create_refunds(:c, 300) \g (format=unaligned) /dev/null
SELECT pg_temp.buy('bob', p_method => 'external') AS d \gset
SELECT pg_temp.hear('e', 'paid', :d, 1000, 'tx-d') \g (format=unaligned) /dev/null
\ir lib/company.sql
SELECT pg_temp.sell('credit_card') AS e \gset
SELECT pg_temp.settle(:e, 'X1') \g (format=unaligned) /dev/null
SELECT pg_temp.bill(:e) \g (format=unaligned) /dev/null
SELECT pg_temp.cart('sally') \g (format=unaligned) /dev/null
SELECT pg_temp.buy('bob', p_method => 'external') AS f, pg_temp.buy('bob', p_method => 'external') AS g \gset
SELECT pg_temp.hear('g', 'paid', :g, 1000, 'tx-g'), pg_temp.create_refunds(:g) \g (format=unaligned) /dev/null
SELECT pg_temp.top_up('alice', 10000) \g (format=unaligned) /dev/null
SELECT pg_temp.goods('alice') AS i, pg_temp.goods('alice') AS h \gset
SELECT count(*) FROM read_bill(77, NULL, :i) \g (format=unaligned) /dev/null
UPDATE provider_transaction SET created_at = now() - interval '4 hours' WHERE transaction_id = 'tx-d';
SELECT start_reconciliation(77, 'operator', 'operator', NULL, 'r', NULL, NULL, 'sim', now() - interval '1 day', now(), jsonb_build_array(
    jsonb_build_object('transaction_id', 'tx-d', 'kind', 'capture', 'amount', 1000, 'currency', 'USD', 'occurred_at', now() - interval '4 hours'),
    jsonb_build_object('transaction_id', 'tx-n', 'kind', 'capture', 'amount', 1000, 'currency', 'USD', 'occurred_at', now() - interval '4 hours'))),
    plan_reconciliations(77, 'sim', 'simulator') \g (format=unaligned) /dev/null
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold at the start');
SET LOCAL session_replication_role = replica;

SELECT is(pg_temp.violated(replace(replace(replace(replace(replace(replace(replace(replace(replace(c.sql, '$i', :'i'), '$h', :'h'), '$a', :'a'), '$b', :'b'), '$c', :'c'), '$d', :'d'), '$e', :'e'), '$f', :'f'), '$g', :'g')), c.names, concat(c.sql, ' is reported by ', c.names))
FROM (VALUES
    ('UPDATE account SET balance = balance + 1 WHERE user_id = pg_temp.uid(''alice'')', 'balances_equal_postings'),
    ('DELETE FROM account WHERE user_id = pg_temp.uid(''alice'')', 'balances_equal_postings references_exist'),
    ('DELETE FROM posting WHERE order_id = $a', 'balances_equal_postings paid_is_captured'),
    ('ALTER TABLE posting DROP CONSTRAINT posting_has_one_credit_side; UPDATE posting SET credit_house = NULL WHERE order_id = $a', 'balances_equal_postings'),
    ('UPDATE payment SET captured = 0, captured_at = NULL, status = ''pending'' WHERE order_id = $d', 'paid_is_captured'),
    ('UPDATE orders SET captured = captured + 5 WHERE id = $d', 'paid_is_captured'),
    ('UPDATE refund SET amount = 400 WHERE order_id = $c', 'refunds_within_captured'),
    ('UPDATE payment SET refunded = 0 WHERE order_id = $c', 'refunds_within_captured'),
    ('UPDATE orders SET refunded = 301 WHERE id = $c', 'refunds_within_captured'),
    ('UPDATE posting SET refund_id = NULL WHERE order_id = $c AND entry_type = ''refund''', 'refunds_within_captured'),
    ('DROP INDEX orders_one_per_cart; UPDATE orders SET cart_id = 999999999 WHERE tenant_id = 77', 'references_exist used_once'),
    ('UPDATE payment SET transaction_id = ''tx'', provider = ''p'' WHERE order_id IN ($a, $d)', 'provider_events_fit used_once'),
    ('UPDATE cart SET state = ''open'' WHERE tenant_id = 77 AND state = ''ordered''', 'used_once'),
    ('UPDATE cart SET state = ''ordered'' WHERE tenant_id = 77 AND state = ''open''', 'used_once'),
    ('UPDATE orders SET cart_id = NULL WHERE id = $e', 'used_once'),
    ('DELETE FROM provider_transaction WHERE transaction_id = ''X1''', 'used_once'),
    ('UPDATE provider_transaction SET transaction_id = ''X2'' WHERE transaction_id = ''X1''', 'used_once'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, payment_id, transaction_id, verdict, judged_at) VALUES (77, ''sim'', ''z'', ''paid'', 1, ''lost'', ''done'', now())', 'provider_events_fit'),
    ('INSERT INTO provider_event (tenant_id, channel, event_id, type, payment_id) SELECT 77, channel, ''z'', ''refunded'', id FROM payment WHERE order_id = $d', 'provider_events_fit'),
    ('UPDATE invoice SET document = document || ''{"total": 999}'' WHERE order_id = $e', 'series_without_gaps'),
    ('UPDATE invoice SET document = document || ''{"currency": "EUR"}'' WHERE order_id = $e', 'series_without_gaps'),
    ('UPDATE invoice SET document = document || ''{"number": "X"}'' WHERE order_id = $e', 'series_without_gaps'),
    ('UPDATE invoice SET number = ''X'' WHERE order_id = $e', 'series_without_gaps'),
    ('UPDATE invoice SET sequence = 2 WHERE order_id = $e', 'series_without_gaps'),
    ('UPDATE invoice SET series = ''other'' WHERE order_id = $e', 'series_without_gaps'),
    ('DELETE FROM invoice WHERE order_id = $e', 'series_without_gaps'),
    ('DELETE FROM number_series WHERE tenant_id = 77', 'series_without_gaps'),
    ('ALTER TABLE invoice DROP CONSTRAINT invoice_series_unique, DROP CONSTRAINT invoice_number_unique, DROP CONSTRAINT invoice_one_per_order; INSERT INTO invoice (tenant_id, order_id, series, sequence, number, document) SELECT tenant_id, order_id, series, sequence, number, document FROM invoice WHERE order_id = $e', 'series_without_gaps'),
    ('ALTER TABLE idempotency DROP CONSTRAINT idempotency_pkey; INSERT INTO idempotency SELECT * FROM idempotency', 'used_once'),
    ('UPDATE orders SET state = ''completed'' WHERE id = $b', 'history_is_a_path'),
    ('UPDATE orders SET fulfilment_state = ''pending'' WHERE id = $b', 'history_is_a_path'),
    ('UPDATE event SET steps = array_remove(steps, ''payment:unpaid:paid'') WHERE subject_id = $a', 'events_are_chained history_is_a_path one_event_a_version'),
    ('UPDATE event SET steps[2] = ''payment:new:refunded'' WHERE subject_id = $b', 'events_are_chained history_is_a_path one_event_a_version'),
    ('UPDATE event SET version = 9 WHERE subject_id = $b', 'events_are_chained history_is_a_path one_event_a_version'),
    ('UPDATE event SET first_step = 2 WHERE subject_id = $b', 'events_are_chained history_is_a_path'),
    ('UPDATE order_line SET discount = 1 WHERE order_id = $b', 'lines_add_up'),
    ('UPDATE order_line SET quantity = 2, subtotal = 2 * unit_price WHERE order_id = $b', 'lines_add_up'),
    ('DELETE FROM order_line WHERE order_id = $b', 'lines_add_up'),
    ('UPDATE order_line SET unit_price = unit_price - 100, subtotal = subtotal - 100 WHERE order_id = $a AND kind = ''discount''', 'coupons_within_limits lines_add_up'),
    ('INSERT INTO order_tax VALUES (77, $b, ''VAT'', 1000, 5)', 'lines_add_up'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $b, ''S'', 2, ''{}''); UPDATE orders SET bill_no = ''S-0002'' WHERE id = $b; INSERT INTO number_series VALUES (77, ''S'', 2)', 'series_without_gaps'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $b, ''S'', 1, ''{}''); UPDATE orders SET bill_no = ''S-0001'' WHERE id = $b', 'series_without_gaps'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $b, ''S'', 1, ''{}''); INSERT INTO number_series VALUES (77, ''S'', 1)', 'series_without_gaps'),
    ('INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot) VALUES (77, $b, ''S'', 1, ''{}''); UPDATE orders SET bill_no = ''S-0002'' WHERE id = $b; INSERT INTO number_series VALUES (77, ''S'', 1)', 'series_without_gaps'),
    ('UPDATE orders SET bill_no = ''S-0001'' WHERE id = $b', 'series_without_gaps'),
    ('INSERT INTO number_series VALUES (77, ''S'', 3)', 'series_without_gaps'),
    ('UPDATE coupon SET used = 0 WHERE code = ''TWO''', 'coupons_within_limits'),
    ('UPDATE coupon SET max_uses = 0, used = 0 WHERE code = ''TWO''', 'coupons_within_limits'),
    ('UPDATE coupon_user SET used = 5 WHERE tenant_id = 77', 'coupons_within_limits'),
    ('UPDATE coupon_redemption SET state = ''released'' WHERE order_id = $a; UPDATE coupon SET used = 0 WHERE code = ''TWO''', 'coupons_within_limits'),
    ('UPDATE idempotency SET order_id = 999999999 WHERE key = ''k''', 'answers_have_effects'),
    ('UPDATE idempotency SET order_id = NULL, answer = NULL, completed_at = NULL WHERE key = ''k''', 'answers_have_effects'),
    ('UPDATE idempotency SET answer = jsonb_set(answer, ''{order,version}'', ''2'') WHERE key = ''k''', 'answers_have_effects'),
    ('DELETE FROM event WHERE subject_id = $b', 'history_is_a_path one_event_a_version'),
    ('DELETE FROM event WHERE subject_id = $c AND version = 2', 'history_is_a_path one_event_a_version'),
    ('DELETE FROM event WHERE subject_id = $c AND version = 1', 'events_are_chained history_is_a_path one_event_a_version'),
    ('UPDATE event SET types[2] = ''order.paid'' WHERE subject_id = $b', 'events_are_chained one_event_a_version'),
    ('UPDATE event SET types = types || ''order.placed''::text WHERE subject_id = $b', 'events_are_chained one_event_a_version'),
    ('UPDATE orders SET version = 2 WHERE id = $b', 'one_event_a_version'),
    ('UPDATE posting SET debit_balance_after = 1 WHERE order_id = $a', 'balances_equal_postings'),
    ('UPDATE posting SET payment_id = NULL WHERE order_id = $a', 'paid_is_captured'),
    ('INSERT INTO posting (tenant_id, entry_type, currency, amount, debit_user_id, debit_balance_after, credit_house, order_id) SELECT 77, ''purchase'', ''USD'', 5, a.user_id, a.balance - 5, ''sales'', $d FROM account a WHERE a.user_id = pg_temp.uid(''alice''); UPDATE account SET balance = balance - 5 WHERE user_id = pg_temp.uid(''alice'')', 'paid_is_captured'),
    ('INSERT INTO posting (tenant_id, entry_type, currency, amount, credit_user_id, credit_balance_after, debit_house, order_id) SELECT 77, ''refund'', ''USD'', 5, a.user_id, a.balance + 5, ''sales'', $d FROM account a WHERE a.user_id = pg_temp.uid(''alice''); UPDATE account SET balance = balance + 5 WHERE user_id = pg_temp.uid(''alice'')', 'refunds_within_captured'),
    ('UPDATE payment SET currency = ''EUR'' WHERE order_id = $d', 'paid_is_captured'),
    ('DELETE FROM orders WHERE id = $b', 'history_is_a_path lines_add_up one_event_a_version paid_is_captured'),
    ('UPDATE order_line SET currency = ''EUR'' WHERE order_id = $b', 'lines_add_up'),
    ('DELETE FROM provider_transaction WHERE transaction_id = ''tx-d''', 'provider_events_fit used_once'),
    ('UPDATE orders SET payment_state = ''refunded'' WHERE id = $d', 'history_is_a_path refunds_within_captured'),
    ('UPDATE orders SET payment_state = ''refund_pending'' WHERE id = $d', 'history_is_a_path refunds_within_captured'),
    ('UPDATE orders SET state = ''cancelled'', cancelled_at = now() WHERE id = $d', 'history_is_a_path refunds_within_captured'),
    ('INSERT INTO coupon_user SELECT 77, id, pg_temp.uid(''bob''), 1 FROM coupon WHERE code = ''TWO''', 'coupons_within_limits'),
    ('UPDATE coupon_redemption SET state = ''reserved'' WHERE order_id = $a', 'coupons_within_limits'),
    ('UPDATE coupon_redemption SET amount = amount + 1 WHERE order_id = $a', 'coupons_within_limits'),
    ('UPDATE order_line SET returned_quantity = 1 WHERE order_id = $b', 'returns_fit'),
    ('ALTER TABLE order_line DROP CONSTRAINT order_line_returned_within_quantity; INSERT INTO order_return (tenant_id, id, order_id, reason, state) VALUES (77, 5, $b, ''x'', ''approved''); INSERT INTO return_line SELECT 77, 5, $b, l.id, 2 FROM order_line l WHERE l.order_id = $b; UPDATE order_line SET returned_quantity = 2 WHERE order_id = $b; UPDATE orders SET version = 2 WHERE id = $b; SELECT record_event(ROW(77, ''operator'', ''operator'', NULL, NULL, NULL, NULL), ''order'', $b, 2, now(), ARRAY[(''return'', ''new'', ''requested''), (''return'', ''requested'', ''approved'')]::step[], NULL, 5)', 'returns_fit'),
    ('INSERT INTO order_return (tenant_id, id, order_id, reason, state) VALUES (77, 5, $b, ''x'', ''requested'')', 'history_is_a_path returns_fit'),
    ('INSERT INTO order_return (tenant_id, id, order_id, reason, state, refund_id) SELECT 77, 5, $c, ''x'', ''refunded'', 999999999; INSERT INTO return_line SELECT 77, 5, $c, l.id, 1 FROM order_line l WHERE l.order_id = $c; UPDATE order_line SET returned_quantity = 1 WHERE order_id = $c', 'history_is_a_path returns_fit'),
    ('UPDATE orders SET retailer_id = 999999999 WHERE id = $e', 'references_exist'),
    ('UPDATE orders SET agent_id = 999999999 WHERE id = $a', 'references_exist'),
    ('UPDATE orders SET currency = ''XXX'' WHERE id = $e; UPDATE order_line SET currency = ''XXX'' WHERE order_id = $e; UPDATE payment SET currency = ''XXX'' WHERE order_id = $e; UPDATE invoice SET document = document || ''{"currency": "XXX"}'' WHERE order_id = $e', 'references_exist'),
    ('INSERT INTO account (tenant_id, user_id, currency) VALUES (77, pg_temp.uid(''alice''), ''XXX'')', 'references_exist'),
    ('INSERT INTO posting (tenant_id, entry_type, currency, amount, debit_house, credit_user_id, credit_balance_after) VALUES (77, ''top_up'', ''EUR'', 5, ''funding'', 999999999, 5); INSERT INTO posting (tenant_id, entry_type, currency, amount, credit_house, debit_user_id, debit_balance_after) VALUES (77, ''correction'', ''EUR'', 5, ''funding'', 999999999, 0)', 'references_exist'),
    ('UPDATE posting SET payment_id = 999999999 WHERE tenant_id = 77 AND order_id IS NULL', 'references_exist'),
    ('UPDATE posting SET refund_id = 999999999 WHERE tenant_id = 77 AND order_id IS NULL', 'references_exist'),
    ('INSERT INTO coupon_redemption (tenant_id, coupon_id, order_id, amount, currency, state) VALUES (77, 999999999, $a, 0, ''USD'', ''applied'')', 'references_exist'),
    ('INSERT INTO coupon_user VALUES (77, 999999999, pg_temp.uid(''alice''), 0)', 'references_exist'),
    ('UPDATE cart SET company_id = 999999999 WHERE tenant_id = 77 AND state = ''open''', 'references_exist'),
    ('UPDATE cart SET currency = ''XXX'' WHERE tenant_id = 77 AND state = ''open''', 'references_exist'),
    ('UPDATE invoice SET company_id = 999999999 WHERE order_id = $e', 'references_exist'),
    ('INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency) VALUES (77, ''T'', ''charge'', 1, ''XXX'')', 'references_exist'),
    ('INSERT INTO terminal_transaction (tenant_id, transaction_id, kind, amount, currency) VALUES (77, ''T'', ''charge'', 1, ''USD''); DELETE FROM tenant WHERE id = 77', 'references_exist'),
    ('INSERT INTO package_order (tenant_id, order_id, user_id, kind, package_id) VALUES (77, $b, 999999999, ''purchase'', 999999999)', 'packages_fit references_exist'),
    ('INSERT INTO package_term (tenant_id, user_id, package_id, starts_at, anchor_day, order_id) VALUES (77, pg_temp.uid(''alice''), 999999999, now(), 1, $a)', 'packages_fit references_exist'),
    ('DELETE FROM due WHERE kind = ''expiry'' AND id = $f', 'due_fits'),
    ('DELETE FROM due WHERE kind = ''intent''', 'due_fits'),
    ('DELETE FROM due WHERE kind = ''refund''', 'due_fits'),
    ('UPDATE due SET channel = ''euronly'' WHERE kind = ''refund''', 'due_fits'),
    ('INSERT INTO due (tenant_id, kind, id, due_at) VALUES (77, ''expiry'', $d, now())', 'due_fits'),
    ('INSERT INTO due (tenant_id, kind, id, due_at) VALUES (77, ''mail'', 999999999, now())', 'due_fits'),
    ('INSERT INTO due (tenant_id, kind, id, due_at) VALUES (77, ''bill'', $a, now())', 'due_fits'),
    ('DELETE FROM due WHERE kind = ''bill'' AND id = $h', 'due_fits'),
    ('UPDATE due SET due_at = now() - interval ''61 seconds'' WHERE kind = ''bill'' AND id = $h', 'bills_in_time'),
    ('UPDATE bill_document SET document = document || ''{"total": 999}'' WHERE order_id = $i', 'series_without_gaps'),
    ('UPDATE bill_document SET document = document || ''{"currency": "EUR"}'' WHERE order_id = $i', 'series_without_gaps'),
    ('UPDATE bill_document SET document = document || ''{"number": "X"}'' WHERE order_id = $i', 'series_without_gaps'),
    ('UPDATE bill SET sequence = 2 WHERE order_id = $i', 'series_without_gaps'),
    ('DELETE FROM bill WHERE order_id = $i', 'series_without_gaps'),
    ('UPDATE orders SET bill_no = NULL WHERE id = $i', 'due_fits series_without_gaps'),
    ('INSERT INTO mail (tenant_id, order_id, template, recipient) VALUES (77, $f, ''pay_link'', ''a@example.com'')', 'due_fits'),
    ('UPDATE payment SET capture_asked_at = now() WHERE order_id = $f', 'due_fits'),
    ('UPDATE orders SET expires_at = NULL WHERE id = $f', 'due_fits'),
    ('UPDATE reconciliation SET matched = 0 WHERE state = ''done''', 'reconciliations_fit'),
    ('UPDATE reconciliation_sum SET here_count = 9', 'reconciliations_fit'),
    ('UPDATE reconciliation_sum SET there_count = 9', 'reconciliations_fit'),
    ('UPDATE reconciliation_sum SET matched_amount = there_amount + 1', 'reconciliations_fit'),
    ('DELETE FROM reconciliation_sum', 'reconciliations_fit'),
    ('UPDATE reconciliation SET created_at = now() - interval ''49 hours'' WHERE state = ''running''', 'reconciliations_fit'),
    ('UPDATE reconciliation_difference SET state = ''resolved'', resolution = ''applied'', resolved_at = now()', 'reconciliations_fit'),
    ('UPDATE reconciliation_difference SET payment_id = 999999999', 'references_exist'),
    ('UPDATE reconciliation_difference SET refund_id = 999999999', 'references_exist'),
    ('DELETE FROM due WHERE kind = ''reconciliation''', 'due_fits'),
    ('UPDATE due SET channel = '''' WHERE kind = ''reconciliation''', 'due_fits'),
    ('UPDATE reconciliation SET state = ''failed'', finished_at = now(), error_code = ''x'' WHERE state = ''running''', 'due_fits'),
    ('ALTER TABLE event DROP CONSTRAINT event_pkey; INSERT INTO event SELECT * FROM event WHERE subject_id = $b', 'events_are_chained history_is_a_path one_event_a_version')
) AS c (sql, names);
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold at the end');

-- Consecutive bill numbers are no violation.
SELECT is(next_in_series(77, 'T'), 1, 'a series starts at 1');
SELECT is(next_in_series(77, 'T'), 2, 'a series has no gaps');
INSERT INTO bill (tenant_id, order_id, series, sequence, snapshot)
VALUES (77, :a, 'T', 1, '{}'), (77, :b, 'T', 2, '{}');
UPDATE orders SET bill_no = 'T-0001' WHERE id = :a;
UPDATE orders SET bill_no = 'T-0002' WHERE id = :b;
SELECT is_empty('SELECT * FROM orders_check.series_without_gaps', 'the view reports no gap');
SELECT * FROM finish();
ROLLBACK;
