/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The three ways in which a provider's call can end without an answer. `why` is for the log alone; strings are not copied.
 */
#ifndef ORDERS_PAYMENTS_PROVIDER_PROBLEM_H
#define ORDERS_PAYMENTS_PROVIDER_PROBLEM_H

#include "core/problem.h"

/** What the provider did is not known: the same request may be made again. */
orders_problem_t *orders_provider_unreachable(apr_pool_t *pool, const char *why);

/** It said no, for good. `message` may be shown to the buyer, and may be NULL. */
orders_problem_t *orders_provider_refused(apr_pool_t *pool, const char *code, const char *message,
                                          const char *why);

/** It was not asked, and cannot be. */
orders_problem_t *orders_provider_unusable(apr_pool_t *pool, const char *why);

#endif
