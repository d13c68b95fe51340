/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Payment providers: an interface, and its implementations behind it. Calls are made with no database session held and
 * outside any transaction; each carries an idempotency key made of our own row's id, so that a repeat is harmless.
 */
#ifndef ORDERS_SERVICES_PROVIDER_H
#define ORDERS_SERVICES_PROVIDER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "core/problem.h"

typedef struct orders_provider_t orders_provider_t;

/** One OrdersPaymentChannel. Lives as long as the configuration; read-only at run time. */
typedef struct orders_channel_t {
    const char *name;
    const orders_provider_t *provider;
    const char *url; /**< the provider's base URL */
    const unsigned char
        *secret; /**< contents of secret-file, both for our calls and for its events */
    apr_size_t secret_length;
    int timeout_ms;      /**< for one call, all included */
    const char *ca_file; /**< or NULL: the system's */
} orders_channel_t;

typedef struct orders_providers_t {
    const apr_array_header_t *channels; /**< of orders_channel_t */
    const orders_log_t *log;
    const char *request_id; /**< of the request that asks; NULL: the worker asks */
} orders_providers_t;

/** What a provider is asked to collect. Amounts in minor units. */
typedef struct orders_intent_request_t {
    int64_t payment_id; /**< the idempotency key is made of tenant and this */
    int32_t tenant;
    const char *order_number;
    int64_t amount;
    const char *currency;
    const char *return_url; /**< or NULL */
    const char *notify_url; /**< our events route, or NULL */
} orders_intent_request_t;

typedef struct orders_intent_reply_t {
    const char *intent_id;
    const char *pay_url;   /**< or NULL */
    const char *reference; /**< or NULL */
} orders_intent_reply_t;

typedef struct orders_refund_request_t {
    int64_t refund_id;
    int32_t tenant;
    const char *intent_id;
    const char *transaction_id; /**< of the capture, or NULL */
    int64_t amount;
    const char *currency;
    const char *reason;
} orders_refund_request_t;

typedef struct orders_refund_reply_t {
    const char *transaction_id;
    bool pending; /**< an event will tell */
} orders_refund_reply_t;

/** A request that a provider has signed, as it came in. */
typedef struct orders_signed_body_t {
    const char *(*header)(void *context, const char *name); /**< a header, or NULL */
    void *context;
    const char *body;
    apr_size_t length;
} orders_signed_body_t;

/** What a signed event says. */
typedef struct orders_event_t {
    const char *id;
    const char *type;   /**< paid failed confirming refunded refund_failed */
    int64_t payment_id; /**< 0: not said */
    const char *intent_id;
    const char *transaction_id;
    int64_t amount;
    const char *currency;
    const char *failure_code;
    const char *failure_message;
} orders_event_t;

/**
 * Problems: `provider_unreachable` (no answer, a slow or 5xx one: try again later, the outcome is unknown) and
 * `provider_refused` (it said no; `extra` is {"code","message"}).
 */
struct orders_provider_t {
    const char *name; /**< as in provider=… */
    orders_problem_t *(*create_intent)(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_intent_request_t *request,
                                       orders_intent_reply_t *reply);
    orders_problem_t *(*refund)(const orders_channel_t *channel, apr_pool_t *pool,
                                const orders_refund_request_t *request,
                                orders_refund_reply_t *reply);
    /** From the headers alone, before a body is read: it may be signed. */
    bool (*is_signed)(const orders_signed_body_t *received);
    /** Checks the signature (constant time, 5 minutes' tolerance) and reads the event. `invalid_signature`, `malformed_json`. */
    orders_problem_t *(*read_event)(const orders_channel_t *channel, apr_pool_t *pool,
                                    const orders_signed_body_t *received, orders_event_t *event);
};

const orders_channel_t *orders_channel_find(const orders_providers_t *providers, const char *name);
const orders_provider_t *orders_provider_by_name(const char *name);

/**
 * For `httpd -t`: can this channel work? NULL, or a sentence that says what is wrong with its URL (https, or http to
 * this machine) or with its secret file (1 to 4 lines of at least 16 bytes each; several while a secret is changed).
 */
const char *orders_channel_check(const orders_channel_t *channel, apr_pool_t *pool);

/** Once a process, before and after threads (curl_global_init). */
void orders_providers_startup(void);
void orders_providers_shutdown(void);

#endif
