/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's access tokens (OAuth 2.0, client credentials): one per channel and process, cached until shortly before it expires. Thread-safe;
 * concurrent callers may each fetch a token, and the last one is kept. Tokens are never logged.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_TOKEN_H
#define ORDERS_PAYMENTS_PAYPAL_TOKEN_H

#include "payments/provider.h"

/** An access token, in `pool`. `provider_unreachable`, also for refused credentials: a configuration error must not fail payments for good. */
orders_problem_t *orders_paypal_token(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char **token) ORDERS_MUSTCHECK;

/** Discards a refused token, unless it was replaced already. */
void orders_paypal_token_drop(const char *token);

/** Releases the cache, when the process ends. */
void orders_paypal_tokens_forget(void);

#endif
