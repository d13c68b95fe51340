/* SPDX-License-Identifier: Apache-2.0 */
/** A provider's list of transactions as CSV. */
#ifndef ORDERS_API_OPERATOR_STATEMENT_H
#define ORDERS_API_OPERATOR_STATEMENT_H

#include "core/call.h"

/**
 * Reads the body of the call. `*entries`: a JSON array as in orders_v1.start_reconciliation. Times must be within the period. Problems:
 * `malformed_request` (not CSV), `body_too_large` (too many lines), `invalid_fields`, whose fields are named lines[3].amount by the
 * number of the line in the body; at most 100 are listed.
 */
orders_problem_t *orders_operator_statement(const orders_call_t *call, apr_time_t from,
                                            apr_time_t to, const char **entries) ORDERS_MUSTCHECK;

#endif
