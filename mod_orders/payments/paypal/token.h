/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's access tokens (OAuth 2.0, client credentials): one per channel and process, cached until shortly before it expires. Thread-safe;
 * concurrent callers may each fetch a token, and the last one is kept. Tokens are never logged.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_TOKEN_H
#define ORDERS_PAYMENTS_PAYPAL_TOKEN_H

#include "payments/provider.h"

/** An access token, in `pool`. `provider_unreachable`, for refused credentials too: a configuration error must not make payments fail finally. */
orders_problem_t *orders_paypal_token(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char **token) ORDERS_MUSTCHECK;

/** Removes a refused token from the cache. No effect if the token was replaced already. */
void orders_paypal_token_drop(const char *token);

/** Erases the cache. Called when the process ends. */
void orders_paypal_tokens_forget(void);

#endif
