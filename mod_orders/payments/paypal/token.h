/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's access tokens (OAuth 2.0, client credentials): one a channel and process, kept until shortly before it ends.
 * Any thread may ask; two that ask at once may fetch two, of which the later stays. Nothing of them is ever logged.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_TOKEN_H
#define ORDERS_PAYMENTS_PAYPAL_TOKEN_H

#include "payments/provider.h"

/** A token to call with, in `pool`. `provider_unreachable`, also when PayPal does not know us: a slip must not fail orders. */
orders_problem_t *orders_paypal_token(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char **token) ORDERS_MUSTCHECK;

/** It was refused: the next caller fetches another, unless that has happened already. */
void orders_paypal_token_drop(const char *token);

/** Forgets all of them; when the process ends. */
void orders_paypal_tokens_forget(void);

#endif
