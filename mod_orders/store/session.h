/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The set of statements that a connection has prepared.
 *
 * It is libpq instance data of the PGconn, so that its lifetime does not depend on the connection pool: libpq clears it when it resets
 * the connection, and frees it when the connection is finished. One thread at a time may use a connection.
 */
#ifndef ORDERS_STORE_SESSION_H
#define ORDERS_STORE_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>

/** Creates the set on first use. False: out of memory. */
bool orders_session_attach(PGconn *connection);

/** Whether the statement, known by its address (`static const` objects), is prepared on this connection. */
bool orders_session_has(const PGconn *connection, const void *statement);
void orders_session_remember(PGconn *connection, const void *statement);
void orders_session_forget(PGconn *connection, const void *statement);

/** Whether the server has closed an idle connection, as far as the kernel knows. Does not block. */
bool orders_session_is_dead(PGconn *connection);

#endif
