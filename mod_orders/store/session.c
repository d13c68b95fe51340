/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <libpq-events.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A hash set of addresses with open addressing. Statements beyond FULL are prepared before each use. */
#define SLOTS 256
#define FULL 192

typedef struct statement_set_t {
    const void *slot[SLOTS];
    int used;
} statement_set_t;

static int on_event(PGEventId event, void *info, void *pass)
{
    switch (event) {
    case PGEVT_REGISTER: {
        PGconn *connection = ((PGEventRegister *)info)->conn;
        statement_set_t *set = calloc(1, sizeof(*set));
        if (!set || !PQsetInstanceData(connection, on_event, set)) {
            free(set);
            return 0;
        }
        return 1;
    }
    case PGEVT_CONNRESET: {
        statement_set_t *set = PQinstanceData(((PGEventConnReset *)info)->conn, on_event);
        if (set) {
            memset(set, 0, sizeof(*set));
        }
        return 1;
    }
    case PGEVT_CONNDESTROY:
        free(PQinstanceData(((PGEventConnDestroy *)info)->conn, on_event));
        return 1;
    default:
        return 1;
    }
}

bool orders_session_attach(PGconn *connection)
{
    return PQinstanceData(connection, on_event) ||
           PQregisterEventProc(connection, on_event, "mod_orders", NULL);
}

static unsigned hash_slot(const void *statement)
{
    return (unsigned)(((uintptr_t)statement >> 3) * 2654435761u) % SLOTS;
}

/* The slot of the statement, or -1. */
static int find(const statement_set_t *set, const void *statement)
{
    unsigned i = hash_slot(statement);
    for (int probe = 0; set && probe < SLOTS && set->slot[i]; probe++, i = (i + 1) % SLOTS) {
        if (set->slot[i] == statement) {
            return (int)i;
        }
    }
    return -1;
}

bool orders_session_has(const PGconn *connection, const void *statement)
{
    return find(PQinstanceData(connection, on_event), statement) >= 0;
}

void orders_session_remember(PGconn *connection, const void *statement)
{
    statement_set_t *set = PQinstanceData(connection, on_event);
    if (!set || set->used >= FULL || find(set, statement) >= 0) {
        return;
    }
    unsigned i = hash_slot(statement);
    while (set->slot[i]) {
        i = (i + 1) % SLOTS;
    }
    set->slot[i] = statement;
    set->used++;
}

static unsigned distance(unsigned from, unsigned to)
{
    return (to + SLOTS - from) % SLOTS;
}

/* Moves later entries of the probe sequence into the gap, so that no tombstone is needed. */
void orders_session_forget(PGconn *connection, const void *statement)
{
    statement_set_t *set = PQinstanceData(connection, on_event);
    int found = find(set, statement);
    if (found < 0) {
        return;
    }
    unsigned hole = (unsigned)found;
    for (unsigned i = (hole + 1) % SLOTS; set->slot[i]; i = (i + 1) % SLOTS) {
        if (distance(hash_slot(set->slot[i]), i) >= distance(hole, i)) {
            set->slot[hole] = set->slot[i];
            hole = i;
        }
    }
    set->slot[hole] = NULL;
    set->used--;
}

bool orders_session_is_dead(PGconn *connection)
{
    struct pollfd idle = {.fd = PQsocket(connection), .events = POLLIN};
    if (idle.fd < 0 || PQstatus(connection) != CONNECTION_OK) {
        return true;
    }
    if (poll(&idle, 1, 0) <= 0) {
        return false;
    }
    /* Input on an idle connection is usually a shutdown: a message, then the end of file. */
    return !PQconsumeInput(connection) || PQisBusy(connection) || !PQconsumeInput(connection) ||
           PQstatus(connection) != CONNECTION_OK;
}
