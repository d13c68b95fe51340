# SPDX-License-Identifier: Apache-2.0
# For the tests with concurrent sessions: a separate, committed tenant, and functions that send SQL in many sessions.
# Each session is a separate psql, which connects as the PG* environment variables state.

tests=0
failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tenant=$((1000 + $$ % 1000000))

q() { psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }

# is HAVE WANT LABEL
is() {
    tests=$((tests + 1))
    if [ "$1" = "$2" ]; then
        echo "ok $tests - $3"
    else
        failed=$((failed + 1))
        printf 'not ok %s - %s\n#   have: %s\n#   want: %s\n' "$tests" "$3" "$1" "$2"
    fi
}

# together N SQL [FIRST]: N sessions send SQL, in which @ is the session's number; results and errors are in $out/<number>.
# FIRST is sent before it, in a separate transaction.
together() {
    rm -f "$out"/*
    pids=
    i=0
    while [ $i -lt "$1" ]; do
        i=$((i + 1))
        psql -XqAt -v VERBOSITY=terse ${3:+-c "$3"} -c "$(printf %s "$2" | sed "s/@/$i/g")" >"$out/$i" 2>&1 &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid" || :; done
}

# at_once SQL: 48 sessions (t/pg allows 100) start at the same time, once all are connected
at_once() {
    at=$(q "SELECT clock_timestamp() + interval '2 seconds'")
    together 48 "$1" "DO \$\$ BEGIN PERFORM pg_sleep(extract(epoch FROM '$at' - clock_timestamp())); END \$\$"
}

# answers PATTERN: the number of sessions with a matching line
answers() { grep -lE "$1" "$out"/* | wc -l | tr -d ' '; }

shop() {
    q "INSERT INTO orders.tenant (id, name, currency) VALUES ($tenant, 'race', 'USD');
       SELECT count(*) FROM orders_v1.catalogue_bulk($tenant, 'operator', 'system', NULL, 'race', NULL, NULL, ARRAY[
           '{\"kind\": \"plans\", \"ref\": \"basic\", \"name\": \"Basic\", \"price\": 100, \"currency\": \"USD\"}',
           '{\"kind\": \"coupons\", \"ref\": \"ten\", \"percent_bp\": 1000, \"max_uses\": 10}',
           '{\"kind\": \"coupons\", \"ref\": \"free\", \"percent_bp\": 1000}',
           '{\"kind\": \"payment-channels\", \"ref\": \"sim\", \"provider\": \"simulator\"}']::jsonb[]
           || ARRAY(SELECT jsonb_build_object('kind', 'users', 'ref', 'u' || n, 'name', 'U' || n)
                    FROM generate_series(1, 40) AS n));
       SELECT count(*) FROM generate_series(1, 40) AS n, LATERAL orders_v1.post_balance($tenant, 'operator', 'system',
           NULL, 'race', NULL, NULL, orders_v1.user_id_of($tenant, 'u' || n), 500, 'USD', 'race')" >"$out/shop"
}

# let_expire ORDER TIME: TIME is an SQL expression
let_expire() {
    q "UPDATE orders.orders SET expires_at = $2 WHERE tenant_id = $tenant AND id = $1;
       UPDATE orders.due SET due_at = $2 WHERE tenant_id = $tenant AND kind = 'expiry' AND id = $1"
}

user() { echo "orders_v1.user_id_of($tenant, '$1')"; }

# buy USER METHOD COUPON KEY: SQL that places an order of the plan and returns its id
buy() {
    echo "SELECT 'order ' || (\"order\").id FROM orders_v1.place_plan($tenant, 'user', 'buyer', $(user "$1"), 'create', $4, '\\x01',
          $(user "$1"), (SELECT id FROM orders.plan WHERE tenant_id = $tenant), NULL, 1, '$2', 'sim', NULL, $3, 900)"
}

finish() {
    is "$(q "SELECT count(*) FROM orders_check.all_violations WHERE tenant_id = $tenant")" 0 'all invariants hold'
    echo "1..$tests"
    [ "$failed" = 0 ]
}
