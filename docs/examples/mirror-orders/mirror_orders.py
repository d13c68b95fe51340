#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mirrors the orders of a shop into another PostgreSQL database.

Reads the feed of events of the operator API, and writes the orders of each page in one transaction with the position in the feed. The script can be
killed at any time, and two processes can run at a time: a page is stored only by the process that moves the position. README.md has the settings.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import psycopg2
import psycopg2.extras

FEED = os.environ["ORDERS_BASE_URL"] + "/api/v1/admin/events"
TOKEN = os.environ["OPERATOR_TOKEN"]
PAUSE = float(os.environ.get("MIRROR_PAUSE", "5"))  # seconds, without a new event and after an error
TIMEOUT = 30

SCHEMA = """
CREATE TABLE IF NOT EXISTS mirror_position (one boolean PRIMARY KEY DEFAULT true CHECK (one), position text NOT NULL);
CREATE TABLE IF NOT EXISTS mirror_order (
    id bigint PRIMARY KEY, number text NOT NULL, version integer NOT NULL, state text NOT NULL, payment_state text NOT NULL,
    fulfilment_state text NOT NULL, currency text NOT NULL, total bigint NOT NULL, refunded bigint NOT NULL,
    created_at timestamptz NOT NULL, document jsonb NOT NULL);
INSERT INTO mirror_position (position) VALUES ('0.0.0') ON CONFLICT DO NOTHING;
"""
COLUMNS = ("id", "number", "version", "state", "payment_state", "fulfilment_state", "currency", "total", "refunded", "created_at")
UPSERT = "INSERT INTO mirror_order ({0}, document) VALUES %s ON CONFLICT (id) DO UPDATE SET {1}, document = excluded.document".format(
    ", ".join(COLUMNS), ", ".join("{0} = excluded.{0}".format(column) for column in COLUMNS[1:]))


def read_page(position):
    """The events after a position, with their current orders."""
    query = urllib.parse.urlencode({"after": position, "expand": "order"})
    request = urllib.request.Request(FEED + "?" + query, headers={"Authorization": "Bearer " + TOKEN})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)


def store_page(connection, position, page):
    """Stores the orders and moves the position, in one transaction. Does nothing if another process has moved it."""
    rows = [tuple(order[column] for column in COLUMNS) + (json.dumps(order),) for order in page["orders"]]
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE mirror_position SET position = %s WHERE position = %s", (page["next"], position))
        if cursor.rowcount == 1 and rows:
            psycopg2.extras.execute_values(cursor, UPSERT, rows)


def mirror(connection, once):
    """Stores page after page. With `once`, returns when there is no new event."""
    with connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    while True:
        # No transaction is open during the request: if the mirror is on the same server, it would delay the feed.
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT position FROM mirror_position")
            position = cursor.fetchone()[0]
        page = read_page(position)
        if page["next"] != position:
            store_page(connection, position, page)
        elif once:
            return
        else:
            time.sleep(PAUSE)


def main():
    once = "--once" in sys.argv[1:]
    while True:
        connection = None
        try:
            connection = psycopg2.connect(os.environ["MIRROR_DSN"])
            mirror(connection, once)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                sys.exit("%s: %s %s" % (FEED, error.code, error.read().decode()))
            print("%s: %s" % (FEED, error.code), file=sys.stderr)
        except (OSError, ValueError, psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            print(error, file=sys.stderr)
        finally:
            if connection:
                connection.close()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
