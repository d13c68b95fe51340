#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Concurrent requests with the same idempotency key.
. "$(dirname "$0")/../lib/race.sh"
shop
together 24 "$(buy u1 balance NULL "'k'")"
is "$(cat "$out"/* | sort -u | wc -l | tr -d ' ')" 1 '24 requests with one key get one response'
is "$(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant")" 1 '24 requests with one key place one order'
is "$(q "SELECT balance FROM orders.account WHERE tenant_id = $tenant AND user_id = $(user u1)")" 400 'the order is paid once'

# A session holds its key in an open transaction: the concurrent request times out after two seconds.
psql -XqAt -c "BEGIN; $(buy u2 balance NULL "'held'"); SELECT pg_sleep(4); COMMIT" >/dev/null 2>&1 &
holder=$!
sleep 1
is "$(psql -XqAt -v VERBOSITY=sqlstate -c "$(buy u2 balance NULL "'held'")" 2>&1 | grep -o 55P03)" 55P03 'a request whose key is in use times out'
wait $holder
is "$(q "$(buy u2 balance NULL "'held'")" | wc -l | tr -d ' ')" 1 'the request succeeds after the first one has committed'
is "$(q "SELECT count(*) FROM orders.orders WHERE tenant_id = $tenant")" 2 'both requests place one order'
finish
