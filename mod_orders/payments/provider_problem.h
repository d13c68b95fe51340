/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The three problems of a provider call. `why` is written to the log only. Strings are not copied: they must live as long as the pool.
 */
#ifndef ORDERS_PAYMENTS_PROVIDER_PROBLEM_H
#define ORDERS_PAYMENTS_PROVIDER_PROBLEM_H

#include "core/problem.h"

/** The outcome is unknown; the same request may be sent again. */
orders_problem_t *orders_provider_unreachable(apr_pool_t *pool, const char *why);

/** The refusal is final. `message` may be shown to the buyer, and may be NULL. */
orders_problem_t *orders_provider_refused(apr_pool_t *pool, const char *code, const char *message,
                                          const char *why);

/** The configuration does not allow the request: `not_configured`. */
orders_problem_t *orders_provider_unusable(apr_pool_t *pool, const char *why);

/** The code and message to record of a failed call: those of the provider, else the code and detail of the problem. */
void orders_provider_failure(const orders_problem_t *problem, apr_pool_t *pool, const char **code,
                             const char **message);

#endif
