-- SPDX-License-Identifier: Apache-2.0
-- Deliveries whose signature does not authenticate their body are stored, verified later, and visible to operators. Operators
-- resolve and retry refused and waiting events.
BEGIN;
\ir lib/shop.sql
SELECT no_plan();

CREATE FUNCTION pg_temp.notice(
    p_body text, p_kind text DEFAULT 'capture', p_resource text DEFAULT 'R1', p_key uuid DEFAULT NULL, p_transaction text DEFAULT NULL,
    p_for integer DEFAULT NULL, p_refusal text DEFAULT NULL
) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, CASE WHEN replayed THEN 'again' END, refusal)
    FROM orders_v1.store_provider_notice(77, 'sim', sha256(p_body::bytea), 'RAW.TYPE', p_kind, p_resource, p_key, p_transaction, p_for, p_refusal,
                                         CASE WHEN p_refusal IS NOT NULL THEN 'wrong' END, 30)
$$;
CREATE FUNCTION pg_temp.id_of(p_body text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.provider_notice WHERE tenant_id = 77 AND body_hash = sha256(p_body::bytea)
$$;
CREATE FUNCTION pg_temp.verdict_of(p_body text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', n.verdict, n.attempts, CASE WHEN d.id IS NOT NULL THEN 'due' END)
    FROM orders.provider_notice n
    LEFT JOIN orders.due d ON d.tenant_id = 77 AND d.kind = 'provider_notice' AND d.id = n.id
    WHERE n.tenant_id = 77 AND n.body_hash = sha256(p_body::bytea)
$$;
CREATE FUNCTION pg_temp.event_of(p_event text) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM orders.provider_event WHERE tenant_id = 77 AND event_id = p_event
$$;
CREATE FUNCTION pg_temp.hex(p_body text) RETURNS text LANGUAGE sql AS $$ SELECT 'notice:' || encode(sha256(p_body::bytea), 'hex') $$;
CREATE FUNCTION pg_temp.resolve(p_event bigint, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, replayed, (event).verdict, (event).refusal, (event).resolution)
    FROM orders_v1.resolve_provider_event(77, 'operator', 'operator', pg_temp.uid('olga'), 'resolve', p_key, sha256('f'), p_event, 'paid manually')
$$;
CREATE FUNCTION pg_temp.retry(p_event bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', outcome, (event).verdict, (event).refusal)
    FROM orders_v1.retry_provider_event(77, 'operator', 'operator', pg_temp.uid('olga'), 'retry', NULL, NULL, p_event)
$$;
CREATE FUNCTION pg_temp.listed(p_verdict text DEFAULT NULL, p_channel text DEFAULT NULL, p_resolved boolean DEFAULT NULL, p_order bigint DEFAULT NULL,
                               p_limit integer DEFAULT 100, p_before bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(CASE WHEN event_id LIKE 'notice:%' THEN 'notice' ELSE event_id END, ' ' ORDER BY n), '-')
    FROM orders_v1.list_provider_events(77, p_verdict, p_channel, p_resolved, p_order, p_limit, p_before) WITH ORDINALITY AS l
    CROSS JOIN LATERAL (SELECT l.ordinality AS n) AS o
$$;

-- A delivery is stored once.
SELECT is(pg_temp.notice('a'), 'pending', 'a delivery is stored');
SELECT is(pg_temp.notice('a'), 'pending again', 'a repeated delivery is the same row');
SELECT is(pg_temp.verdict_of('a'), 'pending 0 due', 'a stored notice is due for the worker');
SELECT is((SELECT due_at - now() FROM due WHERE kind = 'provider_notice'), interval '30 seconds', 'the row is due when the lease of the request ends');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT is_empty($$SELECT * FROM claim_notices(77, 'sim', 5, 30)$$, 'the worker does not claim it during this lease');
UPDATE due SET due_at = now() WHERE kind = 'provider_notice';
SELECT is_empty($$SELECT * FROM claim_notices(77, 'other', 5, 30)$$, 'a notice belongs to its channel');
SELECT is((SELECT concat_ws(' ', raw_type, resource_kind, resource_id) FROM claim_notices(77, 'sim', 5, 30)), 'RAW.TYPE capture R1', 'the worker claims the notice after the lease of the request');
SELECT is_empty($$SELECT * FROM claim_notices(77, 'sim', 5, 30)$$, 'a claimed notice is not claimed again');
SELECT postpone_notice(77, pg_temp.id_of('a'), 'no reply', false) \g (format=unaligned) /dev/null
SELECT is(pg_temp.verdict_of('a'), 'pending 1 due', 'a failed attempt is counted');
SELECT is((SELECT due_at - now() FROM due WHERE kind = 'provider_notice'), interval '10 seconds', 'a postponed notice is due after 10 seconds');
SELECT postpone_notice(77, pg_temp.id_of('a'), 'no reply', false) FROM generate_series(1, 30) \g (format=unaligned) /dev/null
SELECT is((SELECT due_at - now() FROM due WHERE kind = 'provider_notice'), interval '1 hour', 'the wait grows to at most an hour');
SELECT is((SELECT string_agg(concat_ws(' ', channel, verdict, unresolved, oldest = now()), ', ') FROM provider_event_counts(77)), 'sim pending 1 t', 'a pending notice is counted');
SELECT finish_notice(77, pg_temp.id_of('a'), 'webhook:R1:paid') \g (format=unaligned) /dev/null
SELECT is(pg_temp.verdict_of('a'), 'verified 31', 'a verified notice leaves the queue');
SELECT is(pg_temp.notice('a'), 'unchanged again', 'a repeat of a verified notice is not verified again');
SELECT is(pg_temp.notice('i') || ' ' || pg_temp.verdict_of('i'), 'pending pending 0 due', 'a second notice is stored');
SELECT finish_notice(77, pg_temp.id_of('i'), NULL) \g (format=unaligned) /dev/null
SELECT is(pg_temp.verdict_of('i'), 'ignored 0', 'a notice about no payment of this tenant is ignored');
SELECT finish_notice(77, pg_temp.id_of('i'), 'webhook:R2:paid') \g (format=unaligned) /dev/null
SELECT is(pg_temp.verdict_of('i'), 'ignored 0', 'a verdict is final');

-- Deliveries that can never be verified.
SELECT pg_temp.buy('bob', p_method => 'external') AS o \gset
SELECT pg_temp.key_of(pg_temp.payment_of(:o)) AS key \gset
SELECT is(pg_temp.notice('f', p_for => 78), 'unchanged', 'a delivery for another tenant is ignored');
SELECT is(pg_temp.notice('u', NULL, NULL), 'unchanged', 'an unknown type that names no payment is ignored');
SELECT is(pg_temp.notice('k', NULL, NULL, :'key'), 'refused invalid_field', 'an unknown type that names a payment by its key is refused');
SELECT is(pg_temp.notice('k', NULL, NULL, :'key'), 'refused again invalid_field', 'a repeat of a refused notice is the same row');
SELECT is(pg_temp.notice('m', NULL, NULL, p_refusal => 'malformed_json'), 'refused malformed_json', 'a body that cannot be parsed is refused');
SELECT is((SELECT string_agg(concat_ws(' ', type, raw_type, refusal, detail, order_id), ', ' ORDER BY id) FROM unresolved_provider_events),
          'unverified RAW.TYPE invalid_field Unknown event type. ' || :o || ', unverified RAW.TYPE malformed_json wrong', 'operators see both refused notices');
SELECT is_empty('SELECT * FROM refused_provider_events(77, 10)', 'the worker does not log them again');
SELECT is(pg_temp.states(:o), 'open unpaid none', 'a notice does not pay the order');
SELECT pg_temp.hear('paid', 'paid', :o, 1000, 'tx-o') \g (format=unaligned) /dev/null
SELECT is(pg_temp.notice('d', NULL, NULL, p_transaction => 'tx-o'), 'refused invalid_field', 'a dispute that names a capture is not ignored');
SELECT is(pg_temp.listed(p_order => :o), 'notice paid notice', 'a rejected notice is an event of the order');
SAVEPOINT whole;
DELETE FROM provider_event WHERE tenant_id = 77 AND event_id IN (pg_temp.hex('k'), pg_temp.hex('m'));
SELECT is(pg_temp.notice('k', NULL, NULL, :'key') || ', ' || pg_temp.notice('m', NULL, NULL, p_refusal => 'malformed_json'),
    'refused again invalid_field, refused again malformed_json', 'a repeat is refused although the event of its notice is missing');
SELECT results_eq('SELECT problem FROM orders_check.provider_events_fit WHERE tenant_id = 77',
    ARRAY[format('notice %s of channel sim is rejected, event %s is missing', pg_temp.id_of('k'), pg_temp.hex('k')),
          format('notice %s of channel sim is rejected, event %s is missing', pg_temp.id_of('m'), pg_temp.hex('m'))],
    'a rejected notice without its event is a violation');
ROLLBACK TO whole;
UPDATE provider_notice SET verdict = 'verified' WHERE tenant_id = 77 AND id = pg_temp.id_of('k');
SELECT is((SELECT problem FROM orders_check.provider_events_fit WHERE tenant_id = 77),
    format('notice %s of channel sim is verified, event %s is unresolved', pg_temp.id_of('k'), pg_temp.hex('k')),
    'a settled notice with an unresolved event is a violation');
ROLLBACK TO whole;

-- Forged deliveries can neither fill the database nor displace other deliveries.
CREATE OR REPLACE FUNCTION orders_v1.notice_limit() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;
CREATE OR REPLACE FUNCTION orders_v1.settled_notice_limit() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 4 $$;
SELECT is(pg_temp.notice('x1') || ' ' || pg_temp.notice('x2') || ' ' || pg_temp.notice('x3'), 'pending pending full', 'pending and rejected notices are limited');
SELECT is(pg_temp.notice('x4', NULL, NULL, :'key'), 'full invalid_field', 'a notice that is rejected at once is limited too');
SELECT is(pg_temp.notice('x1'), 'pending again', 'a stored notice is still found');
SELECT is((SELECT outcome FROM store_provider_notice(77, 'euronly', sha256('x3'), 'RAW', 'capture', 'R', NULL, NULL, NULL, NULL, NULL, 5)), 'pending', 'each channel has its own limit');
SELECT pg_temp.notice('z' || n, NULL, NULL) FROM generate_series(1, 9) AS n \g (format=unaligned) /dev/null
SELECT is((SELECT count(*) FROM provider_notice WHERE tenant_id = 77 AND channel = 'sim' AND verdict IN ('verified', 'ignored')), 4::bigint, 'the oldest settled notices are deleted');
SELECT isnt(pg_temp.verdict_of('z9'), NULL, 'the newest settled notices are kept');
UPDATE provider_notice SET judged_at = now() - interval '31 days' WHERE body_hash IN (sha256('z9'), sha256('k'));
SELECT is(purge_provider_notices(77, interval '30 days'), 1, 'settled notices are purged by age');
SELECT isnt(pg_temp.verdict_of('k'), NULL, 'rejected notices are not purged');
CREATE OR REPLACE FUNCTION orders_v1.notice_limit() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 10000 $$;

-- After a day without success.
SELECT is(pg_temp.notice('s', 'capture', 'S1') || ' ' || pg_temp.notice('t', 'order', 'S2'), 'pending pending', 'two notices are stored');
SELECT postpone_notice(77, pg_temp.id_of('s'), 'PayPal did not reply', false) FROM generate_series(1, 6) \g (format=unaligned) /dev/null
SELECT is(refuse_stale_notices(77, 10), 0, 'no notice is refused before a day has passed');
UPDATE provider_notice SET pending_since = now() - interval '25 hours' WHERE body_hash IN (sha256('s'), sha256('t'));
SELECT is(refuse_stale_notices(77, 10), 1, 'after a day the notice with six attempts is refused');
SELECT is(pg_temp.verdict_of('s') || ', ' || pg_temp.verdict_of('t'), 'rejected 6, pending 0 due', 'the notice without an attempt stays pending');
SELECT is((SELECT string_agg(concat_ws(' ', event_id = pg_temp.hex('s'), type, transaction_id, refusal), ', ') FROM refused_provider_events(77, 10)),
          't unverified S1 provider_unreachable', 'the refused event is returned for the log');
SELECT is_empty('SELECT * FROM refused_provider_events(77, 10)', 'a refused event is returned for the log once');
UPDATE provider_notice SET pending_since = now() - interval '73 hours' WHERE body_hash = sha256('t');
SELECT postpone_notice(77, pg_temp.id_of('t'), 'the refund is pending', true) \g (format=unaligned) /dev/null
SELECT is(refuse_stale_notices(77, 10), 0, 'a notice with an open outcome at the provider is not refused');
UPDATE provider_notice SET pending_since = now() - interval '73 hours' WHERE body_hash = sha256('t');
SELECT is(refuse_stale_notices(77, 10), 1, 'after three days a notice is refused whatever its attempts');
SELECT is(pg_temp.notice('s', 'capture', 'S1'), 'refused again provider_unreachable', 'a repeat of a rejected notice is refused');
SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');

-- An operator requests another verification.
UPDATE provider_notice SET pending_since = now() - interval '73 hours' WHERE body_hash = sha256('s');
SELECT is(pg_temp.retry(pg_temp.event_of(pg_temp.hex('s'))), 'pending refused provider_unreachable', 'an operator requests another verification');
SELECT is(pg_temp.verdict_of('s'), 'pending 0 due', 'the notice is due for the worker');
SELECT is(refuse_stale_notices(77, 10), 0, 'a retried notice is not refused for another day');
SELECT finish_notice(77, pg_temp.id_of('s'), 'webhook:S1:paid') \g (format=unaligned) /dev/null
SELECT is((SELECT concat_ws(' ', verdict, resolved_at = now(), resolution) FROM provider_event WHERE event_id = pg_temp.hex('s')),
          'refused t Verified later: event webhook:S1:paid.', 'the refused event is resolved when the verification succeeds');
SELECT is(pg_temp.retry(pg_temp.event_of(pg_temp.hex('t'))), 'pending refused provider_unreachable', 'another rejected notice is retried');
SELECT postpone_notice(77, pg_temp.id_of('t'), 'again no reply', false) FROM generate_series(1, 6) \g (format=unaligned) /dev/null
UPDATE provider_notice SET pending_since = now() - interval '25 hours' WHERE body_hash = sha256('t');
SELECT is(refuse_stale_notices(77, 10), 1, 'a retried notice that fails again is refused');
SELECT is((SELECT string_agg(refusal, ' ') FROM refused_provider_events(77, 10)), 'provider_unreachable', 'a repeated refusal is logged again');
SELECT is((SELECT detail FROM provider_event WHERE event_id = pg_temp.hex('t')), 'again no reply', 'a refused event has the last reason');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.retry(%s)', pg_temp.event_of(pg_temp.hex('m')))), 'OR409 provider_event_settled', 'a notice that names no resource cannot be verified');

-- Resolving.
SELECT is(pg_temp.resolve(pg_temp.event_of(pg_temp.hex('t')), 'key'), 'done f refused provider_unreachable paid manually', 'an operator resolves the refused event');
SELECT is(pg_temp.resolve(pg_temp.event_of(pg_temp.hex('t')), 'key'), 'done t refused provider_unreachable paid manually', 'a replay returns the stored response');
SELECT is(pg_temp.verdict_of('t'), 'ignored 6', 'the notice of a resolved event is settled');
SELECT is((SELECT concat_ws(' ', resolved_by = pg_temp.uid('olga'), resolved_at = now()) FROM provider_event WHERE event_id = pg_temp.hex('t')), 't t', 'a resolved event has operator and time');
SELECT is_empty(format($$SELECT * FROM unresolved_provider_events WHERE event_id = %L$$, pg_temp.hex('t')), 'a resolved event is not listed');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.resolve(%s)', pg_temp.event_of(pg_temp.hex('t')))), 'OR409 provider_event_settled', 'a resolved event cannot be resolved again');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.retry(%s)', pg_temp.event_of(pg_temp.hex('t')))), 'OR409 provider_event_settled', 'a resolved event cannot be retried');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.resolve(%s)', pg_temp.event_of('paid'))), 'OR409 provider_event_settled', 'an applied event needs no resolution');
SELECT is(pg_temp.refusal('SELECT pg_temp.resolve(-1)'), 'OR404 not_found', 'an unknown event cannot be resolved');
SELECT is(pg_temp.refusal('SELECT pg_temp.retry(-1)'), 'OR404 not_found', 'an unknown event cannot be retried');
SELECT is(pg_temp.hear('odd', 'unverified', :o), 'refused', 'an event with an unknown type is refused');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.retry(%s)', pg_temp.event_of('odd'))), 'OR409 provider_event_settled', 'an event of a provider with the type unverified cannot be retried');

-- A refused event can be applied after the error is corrected.
SELECT pg_temp.buy('bob', p_method => 'external') AS r \gset
SELECT is(pg_temp.hear('r1', 'paid', :r, 900, 'tx-r'), 'refused', 'a capture of another amount is refused');
SELECT is(pg_temp.retry(pg_temp.event_of('r1')), 'refused refused amount_mismatch', 'a retried event is refused again');
SELECT is_empty('SELECT * FROM refused_provider_events(77, 10)', 'a refusal that an operator has seen is not returned for the log');
UPDATE provider_event SET amount = 1000 WHERE event_id = 'r1';
SELECT is(pg_temp.retry(pg_temp.event_of('r1')), 'done done', 'after a correction the event is applied');
SELECT is(pg_temp.states(:r), 'completed paid none', 'a retried event pays the corrected order');
SELECT is(pg_temp.hear('r1', 'paid', :r, 900, 'tx-r'), 'unchanged', 'a repeat of the applied event changes nothing');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.retry(%s)', pg_temp.event_of('r1'))), 'OR409 provider_event_settled', 'an applied event cannot be retried');

-- A waiting event that is resolved is not applied later.
SELECT pg_temp.buy('bob', p_method => 'external') AS w \gset
SELECT is(pg_temp.hear('w1', 'refunded', :w, 400, 'rtx-w') || ' ' || pg_temp.hear('w2', 'refunded', :w, 100, 'rtx-w2'), 'waiting waiting', 'refunds before their capture wait');
SELECT is(pg_temp.retry(pg_temp.event_of('w1')), 'waiting waiting', 'a refund without its capture still waits after a retry');
SELECT is(pg_temp.resolve(pg_temp.event_of('w1')), 'done f refused resolved paid manually', 'a waiting refund is resolved');
SELECT is(pg_temp.hear('w3', 'paid', :w, 1000, 'tx-w'), 'done', 'the capture is applied');
SELECT is((SELECT refunded FROM payment WHERE order_id = :w), 100::bigint, 'only the unresolved refund is applied after the capture');

-- Chargebacks, and refunds of an order that was refunded.
SELECT is(pg_temp.create_refunds(:w), 'done', 'the rest is refunded on request');
SELECT is(pg_temp.hear('w4', 'refunded', :w, 850, 'reversal-w', p_capture => 'tx-w'), 'waiting', 'a chargeback waits for the outcome of a pending refund');
SELECT is((SELECT outcome FROM settle_refund(77, 'worker', 'system', NULL, 'r', NULL, NULL, (SELECT max(id) FROM refund WHERE order_id = :w), 'rtx-w3', true, NULL, NULL)), 'done', 'a refund succeeds while a chargeback waits');
SELECT is((SELECT verdict || ' ' || refusal FROM provider_event WHERE event_id = 'w4'), 'refused refund_exceeds_captured', 'a waiting chargeback is refused after the refund');
SELECT is((SELECT string_agg(event_id || ' ' || refusal, ',') FROM refused_provider_events(77, 10)), 'w4 refund_exceeds_captured', 'the refused chargeback is returned for the log');

-- Signed events that cannot be parsed.
SELECT is((SELECT concat_ws(' ', outcome, replayed, refusal) FROM store_unreadable_event(77, 'sim', sha256('bad'), 'malformed_json', 'Not JSON.')), 'refused f malformed_json', 'an unreadable event is kept');
SELECT is((SELECT concat_ws(' ', outcome, replayed, refusal) FROM store_unreadable_event(77, 'sim', sha256('bad'), 'malformed_json', 'Not JSON.')), 'refused t malformed_json', 'a repeated unreadable event is not stored again');
SELECT is((SELECT concat_ws(' ', type, detail) FROM unresolved_provider_events WHERE event_id LIKE 'body:%'), 'unreadable Not JSON.', 'an unreadable event is listed for operators');
SELECT is(pg_temp.refusal(format('SELECT pg_temp.retry((SELECT id FROM orders.provider_event WHERE event_id LIKE ''body:%%''))')), 'OR409 provider_event_settled', 'an unreadable event cannot be retried');

-- The list.
SELECT is(pg_temp.listed(p_order => :w), 'w4 w3 w2 w1', 'events of an order, newest first');
SELECT is(pg_temp.listed(p_order => :w, p_limit => 2), 'w4 w3', 'a page has at most the limit');
SELECT is(pg_temp.listed(p_order => :w, p_before => pg_temp.event_of('w3')), 'w2 w1', 'the second page of the events of an order');
SELECT is(pg_temp.listed('refused', p_order => :w), 'w4 w1', 'events of an order by verdict');
SELECT is(pg_temp.listed('done', p_order => :w), 'w3 w2', 'applied events of an order');
SELECT is(pg_temp.listed(p_resolved => true, p_order => :w), 'w1', 'resolved events of an order');
SELECT is(pg_temp.listed(p_resolved => false, p_order => :w), 'w4', 'unresolved events of an order');
SELECT is(pg_temp.listed(p_channel => 'euronly'), '-', 'events of another channel are not listed');
SELECT is(pg_temp.listed(p_resolved => true), 'w1 notice notice', 'resolved events of all orders');
SELECT is(pg_temp.listed('refused', p_limit => 1, p_before => pg_temp.event_of('w4')), 'w1', 'refused events of all orders below an id');
SELECT is(pg_temp.listed('waiting'), '-', 'no waiting event is left');
SELECT is(pg_temp.listed('waiting', p_resolved => true), '-', 'a resolved event is not listed as waiting');
SELECT is(pg_temp.listed('done', p_limit => 2), 'w3 w2', 'applied events of all orders');
SELECT is(pg_temp.listed(p_resolved => false, p_limit => 2), 'body:' || encode(sha256('bad'), 'hex') || ' w4', 'unresolved events of all orders');
SELECT is((SELECT event_id FROM read_provider_event(77, pg_temp.event_of('w4'))), 'w4', 'an event is read by its id');
SELECT is_empty('SELECT * FROM read_provider_event(78, pg_temp.event_of(''w4''))', 'an event of another tenant is not found');
SELECT is((SELECT string_agg(concat_ws(' ', channel, verdict, unresolved), ', ') FROM provider_event_counts(77)),
          concat_ws(', ', 'euronly pending 1', 'sim pending 2', 'sim refused ' || (SELECT count(*) FROM unresolved_provider_events WHERE verdict = 'refused')),
          'unresolved events are counted by channel and verdict');

SELECT is_empty('SELECT * FROM orders_check.all_violations', 'all invariants hold');
SELECT * FROM finish();
ROLLBACK;
