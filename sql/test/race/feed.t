#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The feed of events while transactions commit late, out of the order of their ids, or not at all.
. "$(dirname "$0")/../lib/race.sh"
shop
# change ORDER: a change without a step
change() {
    echo "WITH o AS (UPDATE orders.orders SET version = version + 1 WHERE tenant_id = $tenant AND id = $1 RETURNING id, version)
          SELECT orders_v1.record_event(ROW($tenant, 'operator', 'operator', NULL, NULL, NULL, NULL), 'order', o.id, o.version, now(), '{}', NULL) FROM o"
}
place() { buy "$1" manual NULL NULL; }
placed() { q "$(place "$1")" | cut -d' ' -f2; }

# after POSITION: the events behind a position, as order/version. position: that of the last event.
after() {
    q "SELECT coalesce(string_agg(f.subject_id || '/' || f.version, ' '), 'none')
       FROM orders_v1.list_events($tenant, split_part('$1', '.', 1)::integer, split_part('$1', '.', 2)::bigint, split_part('$1', '.', 3)::bigint, NULL, 1000) AS f"
}
position() {
    q "SELECT f.epoch || '.' || f.xid || '.' || f.id FROM orders_v1.list_events($tenant, 0, 0, 0, NULL, 10000) WITH ORDINALITY AS f ORDER BY f.ordinality DESC LIMIT 1"
}

# held SQL [END]: a session that sends SQL and ends its transaction when the file is removed
held() {
    touch "$out/hold"
    psql -XqAt -v ON_ERROR_STOP=1 -c BEGIN -c "$1" -c "\\! touch $out/holds; while [ -e $out/hold ]; do sleep 0.05; done" -c "${2:-COMMIT}" >"$out/held" 2>&1 &
    held=$!
    until [ -e "$out/holds" ]; do sleep 0.05; done
    rm "$out/holds"
}
release() {
    rm "$out/hold"
    wait "$held"
}

one=$(placed u1)
at=$(position)
is "$(after "$at")" none 'nothing is behind the last event'

# A transaction with a smaller id commits later.
held "$(place u2)"
two=$(placed u3)
is "$(after "$at")" none 'an event waits for an older transaction'
is "$(after 0.0.0)" "$one/1" 'events below it are shown'
is "$(q "SELECT orders_v1.feed_lag($tenant) > 0")" t 'the feed has a lag'
release
early=$(cut -d' ' -f2 "$out/held")
is "$(after "$at")" "$early/1 $two/1" 'both are shown once it has committed, the older one first'
is "$(q "SELECT orders_v1.feed_lag($tenant)")" 0 'the feed has no lag'

# It aborts, or its session is killed.
at=$(position)
held "$(place u2)" ROLLBACK
two=$(placed u3)
is "$(after "$at")" none 'an event waits for an older transaction that will abort'
release
is "$(after "$at")" "$two/1" 'it is shown once that has aborted'
at=$(position)
psql -XqAt -c BEGIN -c "$(place u2)" -c 'SELECT pg_sleep(60)' >"$out/killed" 2>&1 &
held=$!
until [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND datname = current_database()")" -gt 0 ]; do :; done
two=$(placed u3)
is "$(after "$at")" none 'an event waits for a session'
q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND datname = current_database()" >"$out/kill"
wait "$held" || :
is "$(after "$at")" "$two/1" 'it is shown once the session has been killed'

# A prepared transaction, a transaction of another database, and one that reads only.
at=$(position)
q "BEGIN; $(place u2); PREPARE TRANSACTION 'feed$tenant'" >"$out/prepare"
two=$(placed u3)
is "$(after "$at")" none 'an event waits for a prepared transaction'
q "COMMIT PREPARED 'feed$tenant'"
is "$(after "$at")" "$(cut -d' ' -f2 "$out/prepare")/1 $two/1" 'both are shown once that has committed'
at=$(position)
PGDATABASE=postgres held 'SELECT pg_current_xact_id()'
two=$(placed u3)
is "$(after "$at")" none 'an event waits for an older transaction of another database'
release
is "$(after "$at")" "$two/1" 'it is shown once that has ended'
at=$(position)
held "SELECT count(*) FROM orders.event"
two=$(placed u3)
is "$(after "$at")" "$two/1" 'an event does not wait for a transaction that only reads'
release

# The transaction that has the smaller id changes the order last.
two=$(placed u4)
at=$(position)
held 'SELECT pg_current_xact_id()' "$(change "$two"); COMMIT"
q "$(change "$two")" >"$out/earlier"
release
is "$(q "SELECT count(*) FROM orders.event WHERE tenant_id = $tenant AND subject_id = $two AND xid::text::bigint = (SELECT min(xid::text::bigint) FROM orders.event
         WHERE tenant_id = $tenant AND subject_id = $two AND version = 2)")" 2 'the later version has the xid of the earlier one'
is "$(after "$at")" "$two/2 $two/3" 'the events of an order are in the order of its versions'

# A restore raises the epoch. Ids of transactions may be smaller afterwards.
at=$(position)
xid=$(q "SELECT xid FROM orders.event WHERE tenant_id = $tenant AND subject_id = $two AND version = 3")
q "UPDATE orders.event SET xid = '999999999999' WHERE tenant_id = $tenant AND subject_id = $two AND version = 3"
is "$(after "$at")" none 'an event with the id of a transaction that has not begun is not shown'
q 'SELECT orders_v1.skip_ids(1)' >"$out/skip"
is "$(after "${at%.*.*}.999999999998.0")" "$two/3" 'in a former epoch, it is'
three=$(placed u5)
is "$(after "$at")" "$two/3 $three/1" 'events of the new epoch follow'
held "$(place u2)"
four=$(placed u3)
is "$(after "$at")" "$two/3 $three/1" 'the horizon applies to the new epoch'
release
is "$(after "$at")" "$two/3 $three/1 $(cut -d' ' -f2 "$out/held")/1 $four/1" 'and nothing is skipped'

q "UPDATE orders.event SET xid = '$xid' WHERE tenant_id = $tenant AND subject_id = $two AND version = 3"

# Writers that commit in any order, abort, and use savepoints, and readers with different pages.
writer="DO \$\$
    DECLARE
        v_order bigint;
        v_last  bigint := $four;
        v_count integer;
    BEGIN
        FOR i IN 1 .. 40 LOOP
            BEGIN
                SELECT (\"order\").id INTO v_order FROM orders_v1.place_plan($tenant, 'user', 'buyer', orders_v1.user_id_of($tenant, 'u' || (@ + 10)), 'create', NULL,
                    '\\x01', orders_v1.user_id_of($tenant, 'u' || (@ + 10)), (SELECT id FROM orders.plan WHERE tenant_id = $tenant), NULL, 1, 'manual', 'sim', NULL, NULL, 900);
                IF random() < 0.3 THEN
                    RAISE EXCEPTION USING ERRCODE = 'TT000';
                END IF;
                v_last := v_order;
            EXCEPTION WHEN SQLSTATE 'TT000' THEN
                NULL;
            END;
            PERFORM pg_sleep(random() * 0.03);
            $(change 'CASE WHEN i % 4 = 0 THEN '"$four"' ELSE v_last END' | sed 's/SELECT orders_v1/SELECT count(orders_v1/; s/NULL) FROM o/NULL)) INTO v_count FROM o/');
            PERFORM pg_sleep(random() * 0.03);
            IF i % 5 = 0 THEN
                ROLLBACK;
                v_last := $four;
            ELSE
                COMMIT;
            END IF;
        END LOOP;
    END \$\$"
# The tenant is renamed when the writers have ended.
reader="DO \$\$
    DECLARE
        e       orders_v1.event_view;
        p       orders_v1.event_view := (SELECT f FROM orders_v1.list_events($tenant, 0, 0, 0, NULL, 1) AS f);
        v_rows  integer;
        v_ended boolean;
    BEGIN
        FOR i IN 1 .. 100000 LOOP
            SELECT name = 'ended' INTO v_ended FROM orders.tenant WHERE id = $tenant;
            COMMIT;
            v_rows := 0;
            FOR e IN SELECT f.* FROM orders_v1.list_events($tenant, p.epoch, p.xid, p.id, CASE WHEN @ % 2 = 0 THEN '{order.*,payment.*}'::text[] END, @ * 3) AS f LOOP
                INSERT INTO seen (epoch, xid, id) SELECT e.epoch, e.xid, e.id WHERE e.types IS NOT NULL;
                v_rows := v_rows + 1;
                p := e;
            END LOOP;
            COMMIT;
            EXIT WHEN v_rows = 0 AND v_ended;
        END LOOP;
    END \$\$"
readers=$(mktemp -d)
reading=
for n in 1 2 3 4; do
    psql -XqAt -c 'CREATE TEMP TABLE seen (n integer GENERATED BY DEFAULT AS IDENTITY, epoch integer, xid bigint, id bigint)' -c "$(printf %s "$reader" | sed "s/@/$n/g")" \
        -c "SELECT array_agg(s.id ORDER BY s.n) = (SELECT array_agg(e.id ORDER BY e.epoch, e.xid, e.id) FROM orders.event e WHERE e.tenant_id = $tenant
                AND (e.epoch, e.xid::text::bigint, e.id) > (SELECT f.epoch, f.xid, f.id FROM orders_v1.list_events($tenant, 0, 0, 0, NULL, 1) AS f)) FROM seen s" >"$readers/$n" 2>&1 &
    reading="$reading $!"
done
together 12 "$writer"
is "$(answers ERROR)" 0 'no writer fails' || cat "$out"/*
q "UPDATE orders.tenant SET name = 'ended' WHERE id = $tenant"
for pid in $reading; do wait "$pid" || :; done
is "$(cat "$readers"/* | tr -d '\n')" tttt 'each reader has read every event once, in order' || cat "$readers"/*
rm -r "$readers"
is "$(q "SELECT count(*) > 200 FROM orders.event WHERE tenant_id = $tenant")" t 'there were many events'
is "$(q "SELECT count(*) FROM (SELECT version, lag(version) OVER (PARTITION BY subject_id ORDER BY epoch, xid, id) AS previous FROM orders.event WHERE tenant_id = $tenant) AS e
         WHERE e.version <> e.previous + 1")" 0 'the events of each order are in the order of its versions'
finish
