-- SPDX-License-Identifier: Apache-2.0
-- For tests of webhooks, after shop.sql. The horizon of events does not pass the running transaction of the test: pg_temp.fan_out() and
-- pg_temp.replay() move it for the time of the call.

CREATE FUNCTION pg_temp.hook(
    p_url text DEFAULT 'https://a.example/hook', p_patterns text[] DEFAULT '{*}', p_enabled boolean DEFAULT NULL, p_key text DEFAULT NULL
) RETURNS orders_v1.written_webhook LANGUAGE sql AS $$
    SELECT * FROM orders_v1.create_webhook(77, 'operator', 'operator', NULL, 'webhooks', p_key, sha256('create'), p_url, p_patterns, NULL, NULL, p_enabled)
$$;
CREATE FUNCTION pg_temp.uuid_of(p_id bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT public_id FROM orders.webhook_endpoint WHERE tenant_id = 77 AND id = p_id
$$;
CREATE FUNCTION pg_temp.change(p_id bigint, p_changes jsonb, p_match text[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT outcome || ' v' || (endpoint).version
    FROM orders_v1.change_webhook(77, 'operator', 'operator', NULL, 'webhooks', NULL, NULL, pg_temp.uuid_of(p_id), p_match, p_changes)
$$;
CREATE FUNCTION pg_temp.remove(p_id bigint, p_match text[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT outcome FROM orders_v1.delete_webhook(77, 'operator', 'operator', NULL, 'webhooks', NULL, NULL, pg_temp.uuid_of(p_id), p_match)
$$;
CREATE FUNCTION pg_temp.rotate(p_id bigint, p_key text DEFAULT NULL) RETURNS orders_v1.written_webhook LANGUAGE sql AS $$
    SELECT * FROM orders_v1.rotate_webhook(77, 'operator', 'operator', NULL, 'rotate', p_key, sha256('rotate'), pg_temp.uuid_of(p_id))
$$;
CREATE FUNCTION pg_temp.test(p_id bigint, p_key text DEFAULT NULL) RETURNS orders_v1.written_delivery LANGUAGE sql AS $$
    SELECT * FROM orders_v1.test_webhook(77, 'operator', 'operator', NULL, 'test', p_key, sha256('test'), pg_temp.uuid_of(p_id))
$$;
CREATE FUNCTION pg_temp.retry(p_id bigint, p_delivery bigint) RETURNS orders_v1.written_delivery LANGUAGE sql AS $$
    SELECT * FROM orders_v1.retry_delivery(77, 'operator', 'operator', NULL, 'retry', NULL, NULL, pg_temp.uuid_of(p_id), p_delivery)
$$;
CREATE FUNCTION pg_temp.move_horizon(p_beyond boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION orders_v1.event_horizon() RETURNS xid8 LANGUAGE sql STABLE AS %L',
                   CASE WHEN p_beyond THEN format('SELECT %L::xid8', pg_current_xact_id()::text::bigint + 1)
                        ELSE 'SELECT pg_snapshot_xmin(pg_current_snapshot())' END);
END
$$;
CREATE FUNCTION pg_temp.fan_out(p_limit integer DEFAULT 1000) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM pg_temp.move_horizon(true);
    v_count := orders_v1.fan_out_events(77, p_limit);
    PERFORM pg_temp.move_horizon(false);
    RETURN v_count;
END
$$;
CREATE FUNCTION pg_temp.replay(
    p_id bigint, p_after text DEFAULT NULL, p_until text DEFAULT NULL, p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL,
    p_types text[] DEFAULT NULL, p_limit integer DEFAULT NULL, p_key text DEFAULT NULL
) RETURNS orders_v1.written_replay LANGUAGE plpgsql AS $$
DECLARE
    r orders_v1.written_replay;
BEGIN
    PERFORM pg_temp.move_horizon(true);
    SELECT * INTO r
    FROM orders_v1.replay_webhook(77, 'operator', 'operator', NULL, 'replay', p_key, sha256('replay'), pg_temp.uuid_of(p_id), p_after, p_until,
                                  p_from, p_to, p_types, p_limit);
    PERFORM pg_temp.move_horizon(false);
    RETURN r;
END
$$;
-- The ids of the next deliveries, in order.
CREATE FUNCTION pg_temp.take(p_id bigint, p_limit integer DEFAULT 1000) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT array_agg(t.id ORDER BY t.n) FROM orders_v1.take_deliveries(77, p_id, p_limit) WITH ORDINALITY
        AS t (id, message_id, type, attempts, created_at, subject, subject_id, subject_version, order_number, body, event, endpoint, n)
$$;
-- Records the same outcome for deliveries.
CREATE FUNCTION pg_temp.record(p_id bigint, p_deliveries bigint[], p_outcome text, p_more jsonb DEFAULT '{}') RETURNS orders_v1.webhook_progress
LANGUAGE sql AS $$
    SELECT * FROM orders_v1.record_deliveries(77, p_id, (
        SELECT jsonb_agg(jsonb_build_object('id', x.id, 'outcome', p_outcome, 'ms', 5,
                                            'status', CASE p_outcome WHEN 'delivered' THEN 200 WHEN 'gone' THEN 410 ELSE 500 END) || p_more ORDER BY x.n)
        FROM unnest(p_deliveries) WITH ORDINALITY AS x (id, n)))
$$;
CREATE FUNCTION pg_temp.violations() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s: %s', name, problem), '; ') FROM orders_check.all_violations WHERE tenant_id = 77
$$;
