/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <libpq-events.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An open-addressed set of addresses. More statements than fit are simply prepared again. */
#define SLOTS 256
#define FULL 192

typedef struct memory_t {
    const void *slot[SLOTS];
    int used;
} memory_t;

static int on_event(PGEventId event, void *info, void *pass)
{
    switch (event) {
    case PGEVT_REGISTER: {
        PGconn *connection = ((PGEventRegister *)info)->conn;
        memory_t *memory = calloc(1, sizeof(*memory));
        if (!memory || !PQsetInstanceData(connection, on_event, memory)) {
            free(memory);
            return 0;
        }
        return 1;
    }
    case PGEVT_CONNRESET: {
        memory_t *memory = PQinstanceData(((PGEventConnReset *)info)->conn, on_event);
        if (memory) {
            memset(memory, 0, sizeof(*memory));
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

static unsigned home(const void *statement)
{
    return (unsigned)(((uintptr_t)statement >> 3) * 2654435761u) % SLOTS;
}

/* The index of the statement's slot, or -1. */
static int find(const memory_t *memory, const void *statement)
{
    unsigned i = home(statement);
    for (int probe = 0; memory && probe < SLOTS && memory->slot[i]; probe++, i = (i + 1) % SLOTS) {
        if (memory->slot[i] == statement) {
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
    memory_t *memory = PQinstanceData(connection, on_event);
    if (!memory || memory->used >= FULL || find(memory, statement) >= 0) {
        return;
    }
    unsigned i = home(statement);
    while (memory->slot[i]) {
        i = (i + 1) % SLOTS;
    }
    memory->slot[i] = statement;
    memory->used++;
}

static unsigned distance(unsigned from, unsigned to)
{
    return (to + SLOTS - from) % SLOTS;
}

/* Closes the gap with entries that were probed past it, so that a removed entry leaves nothing behind. */
void orders_session_forget(PGconn *connection, const void *statement)
{
    memory_t *memory = PQinstanceData(connection, on_event);
    int found = find(memory, statement);
    if (found < 0) {
        return;
    }
    unsigned hole = (unsigned)found;
    for (unsigned i = (hole + 1) % SLOTS; memory->slot[i]; i = (i + 1) % SLOTS) {
        if (distance(home(memory->slot[i]), i) >= distance(hole, i)) {
            memory->slot[hole] = memory->slot[i];
            hole = i;
        }
    }
    memory->slot[hole] = NULL;
    memory->used--;
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
    /* An idle server that speaks says good-bye more often than not: its last words first, then the end of file. */
    return !PQconsumeInput(connection) || PQisBusy(connection) || !PQconsumeInput(connection) ||
           PQstatus(connection) != CONNECTION_OK;
}
