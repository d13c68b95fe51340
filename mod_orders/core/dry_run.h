/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Dry runs: a write with the query parameter `dry_run=true` is refused or accepted like the write, but changes nothing. The response shows what the
 * write would have done. Routes state in their row whether they can run dry (orders_route_t.dry_run).
 */
#ifndef ORDERS_CORE_DRY_RUN_H
#define ORDERS_CORE_DRY_RUN_H

#include "core/call.h"

/**
 * Reads the parameter `dry_run` of the query into `call->dry_run`, and removes it from `call->query`. For routes that state whether they can
 * run dry. A route that identifies the caller and has no parameters of its own refuses every other parameter: a misspelled `dry_run` must not
 * write.
 * `malformed_request`; `invalid_fields` for a value other than true and false, and for other parameters; `dry_run_not_supported`.
 */
orders_problem_t *orders_dry_run_read(orders_call_t *call) ORDERS_MUSTCHECK;

/**
 * Turns the response of the write into that of the dry run: status 200, `"dry_run": true` as first member (of each line of NDJSON), no
 * ETag, Location or Link.
 */
void orders_dry_run_reply(const orders_call_t *call, orders_reply_t *reply);

#endif
