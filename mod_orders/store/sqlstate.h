/* SPDX-License-Identifier: Apache-2.0 */
/** What a server's error means: SQLSTATE to problem. */
#ifndef ORDERS_STORE_SQLSTATE_H
#define ORDERS_STORE_SQLSTATE_H

#include <apr_pools.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "core/problem.h"

/** The problem of an error result; never NULL. Everything is copied into `pool`: the result may be cleared. */
orders_problem_t *orders_sqlstate_problem(apr_pool_t *pool, const PGresult *error);

/** "" when the result has none. */
const char *orders_sqlstate_of(const PGresult *error);

/** Serialization failure or deadlock: rolled back, worth another try. */
bool orders_sqlstate_is_transient(const char *sqlstate);

/** The server itself does not know whether the statement or its transaction has completed. */
bool orders_sqlstate_is_open(const char *sqlstate);

/** The session is on a server that takes no writes: a standby, or a primary that no longer is one. */
bool orders_sqlstate_is_read_only(const char *sqlstate);

#endif
