/* SPDX-License-Identifier: Apache-2.0 */
/** The keys of an endpoint, and the headers of its messages, as in Standard Webhooks. */
#ifndef ORDERS_WEBHOOKS_SIGNATURE_H
#define ORDERS_WEBHOOKS_SIGNATURE_H

#include <apr_tables.h>

#include "core/settings.h"
#include "net/signature.h"
#include "store/webhook_queue.h"

/**
 * The keys that sign the messages of an endpoint, in `pool`: one for each combination of the secret or the former secret of OrdersSecretFile
 * with the salt or the former salt. False without a secret, or when OpenSSL fails.
 */
bool orders_webhook_keys(orders_keys_t *keys, const orders_webhook_target_t *target,
                         const orders_settings_t *settings, apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The headers of an attempt at `now`: content-type, webhook-id, webhook-timestamp and webhook-signature. The caller may add others. NULL when OpenSSL
 * fails. `message`: its timestamp is ignored.
 */
apr_table_t *orders_webhook_headers(const orders_keys_t *keys, const orders_message_t *message,
                                    apr_time_t now, apr_pool_t *pool);

#endif
