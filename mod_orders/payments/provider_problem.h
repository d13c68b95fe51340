/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The three problems of a provider call. `why` goes to the log only. Strings are not copied.
 */
#ifndef ORDERS_PAYMENTS_PROVIDER_PROBLEM_H
#define ORDERS_PAYMENTS_PROVIDER_PROBLEM_H

#include "core/problem.h"

/** The outcome is unknown; the same request may be sent again. */
orders_problem_t *orders_provider_unreachable(apr_pool_t *pool, const char *why);

/** The provider refused the request for good. `message` may be shown to the buyer; may be NULL. */
orders_problem_t *orders_provider_refused(apr_pool_t *pool, const char *code, const char *message,
                                          const char *why);

/** The request cannot be made with this configuration. */
orders_problem_t *orders_provider_unusable(apr_pool_t *pool, const char *why);

/** The code and message to record of a failed call: those of the provider, else the word and detail of the problem. */
void orders_provider_failure(const orders_problem_t *problem, apr_pool_t *pool, const char **code,
                             const char **message);

#endif
