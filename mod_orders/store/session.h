/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a connection remembers: the statements it has prepared.
 *
 * Kept as libpq instance data of the PGconn itself, so that it shares the connection's life whoever pools it: forgotten
 * when libpq resets the connection (its prepared statements are gone then), freed when the connection is finished. One
 * thread a connection at a time, as with everything of libpq's.
 */
#ifndef ORDERS_STORE_SESSION_H
#define ORDERS_STORE_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>

/** Makes the memory on first use. false: no memory (then every statement counts as not prepared). */
bool orders_session_attach(PGconn *connection);

/** Whether the statement, known by its address (`static const` objects), is prepared on this connection. */
bool orders_session_has(const PGconn *connection, const void *statement);
void orders_session_remember(PGconn *connection, const void *statement);
void orders_session_forget(PGconn *connection, const void *statement);

/** Whether an idle connection's peer has gone, as far as the kernel knows. Does not block. */
bool orders_session_is_dead(PGconn *connection);

#endif
