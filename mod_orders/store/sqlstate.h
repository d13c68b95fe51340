/* SPDX-License-Identifier: Apache-2.0 */
/** Maps errors of the server to problems by their SQLSTATE. */
#ifndef ORDERS_STORE_SQLSTATE_H
#define ORDERS_STORE_SQLSTATE_H

#include <apr_pools.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "core/problem.h"

/** The problem of an error result; never NULL. All texts are copied to `pool`, so that the result may be cleared. */
orders_problem_t *orders_sqlstate_problem(apr_pool_t *pool, const PGresult *error);

/** The SQLSTATE, or "". Lives as long as the result. */
const char *orders_sqlstate_of(const PGresult *error);

/** Serialization failure, deadlock, or a race of PostgreSQL with the same effect: the transaction was rolled back and can be retried. */
bool orders_sqlstate_is_transient(const PGresult *error);

/** The server does not know whether the transaction has been committed. */
bool orders_sqlstate_is_unknown_outcome(const char *sqlstate);

/** The server is read-only: a standby, or a former primary. */
bool orders_sqlstate_is_read_only(const char *sqlstate);

#endif
