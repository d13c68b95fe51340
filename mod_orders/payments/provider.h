/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Payment providers: an interface, and its implementations behind it. Calls are made with no database session held and
 * outside any transaction; each carries the random UUID of its payment or refund as idempotency key, so that a repeat is harmless and
 * no id that a restored database gives again can meet an old key.
 */
#ifndef ORDERS_PAYMENTS_PROVIDER_H
#define ORDERS_PAYMENTS_PROVIDER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "core/problem.h"
#include "net/breaker.h"

typedef struct orders_provider_t orders_provider_t;

/** One OrdersPaymentChannel. Lives as long as the configuration; read-only at run time. */
typedef struct orders_channel_t {
    const char *name;
    const orders_provider_t *provider;
    const char *url; /**< the provider's base URL */
    const unsigned char
        *secret; /**< contents of secret-file: of both sides, or what we prove ourselves with */
    apr_size_t secret_length;
    int timeout_ms;         /**< for one call, all included */
    const char *ca_file;    /**< or NULL: the system's */
    const char *client_id;  /**< paypal: of the REST app; else NULL */
    const char *webhook_id; /**< paypal: of its webhook; else NULL */
    /** Of who asks (orders_channel_open): true ends a call under way. NULL in the configuration. */
    bool (*cancelled)(void *context);
    void *context;
    const orders_log_t *log; /**< of the caller; NULL in the configuration */
    orders_caller_e caller;
    int calls;                 /**< of requests, at a time, in one process */
    orders_breaker_t *breaker; /**< its state is the process's own; NULL: there is no bound */
} orders_channel_t;

typedef struct orders_providers_t {
    const apr_array_header_t *channels; /**< of orders_channel_t */
    const orders_log_t *log;
    const char *request_id; /**< of the request that asks; NULL: the worker asks */
    /** Whether who asks can wait no longer: its calls end, `provider_unreachable`. Any thread of its calls; or NULL. */
    bool (*cancelled)(void *context);
    void *context;
    orders_caller_e caller;
} orders_providers_t;

/** A request's exponent when who asks does not know it: the provider's own table of currencies holds. */
#define ORDERS_EXPONENT_UNKNOWN (-1)

/** What a provider is asked to collect. Amounts in minor units; `exponent`: how many decimals these are. */
typedef struct orders_intent_request_t {
    const char *payment_key; /**< a UUID; the idempotency key */
    int32_t tenant;
    const char *order_number;
    int64_t amount;
    const char *currency;
    int exponent;
    const char *return_url; /**< or NULL */
    const char *cancel_url; /**< where a buyer goes who does not pay, or NULL */
    const char *notify_url; /**< our events route, or NULL */
} orders_intent_request_t;

typedef struct orders_intent_reply_t {
    const char *intent_id;
    const char *pay_url;   /**< or NULL */
    const char *reference; /**< or NULL */
} orders_intent_reply_t;

typedef struct orders_capture_request_t {
    const char *payment_key; /**< a UUID; the idempotency key */
    int32_t tenant;
    const char *intent_id;
    int64_t amount;
    const char *currency;
    int exponent;
    bool ask_first; /**< a retry whose key may have lapsed: look before acting */
    bool look_only; /**< do not act at all */
} orders_capture_request_t;

/** What became of an intent. The amount is the provider's word: the order book compares. */
typedef struct orders_capture_reply_t {
    /**
     * waiting (the buyer has not approved yet), approved (look_only: it could be captured), paid, confirming (an event
     * will tell), failed, gone (the intent is void or unknown).
     */
    const char *outcome;
    const char *transaction_id; /**< of paid, confirming and, where there is one, failed */
    int64_t amount;             /**< of paid and confirming */
    const char *currency;
    const char *failure_code, *failure_message; /**< of failed */
    const char *payer;                          /**< mail address, or NULL */
    const char *pay_url;                        /**< while waiting, or NULL */
} orders_capture_reply_t;

typedef struct orders_refund_request_t {
    const char *refund_key;  /**< a UUID; the idempotency key */
    const char *payment_key; /**< of its payment, or NULL */
    int32_t tenant;
    const char *intent_id;
    const char *transaction_id; /**< of the capture, or NULL */
    int64_t amount;
    const char *currency;
    int exponent;
    const char *reason;
} orders_refund_request_t;

typedef struct orders_refund_reply_t {
    const char *transaction_id; /**< NULL: done, but the provider cannot say by which transaction */
    bool pending;               /**< an event will tell */
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
    /**
     * paid failed confirming refunded refund_failed; approved: the buyer did, and the payment can be captured;
     * ignored: not about a payment of ours. The order database decides what follows, and refuses unknown types.
     */
    const char *type;
    const char *raw_type;    /**< the provider's own name of the type, if it differs, or NULL */
    int32_t tenant;          /**< whose payment it is about; 0: not said */
    const char *payment_key; /**< a UUID; NULL: not said */
    const char *intent_id;
    const char *transaction_id;
    const char *capture_id; /**< the capture that a refund gives back; NULL: not said */
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
    int calls;        /**< HTTP calls that one operation takes at most */
    /** What of a channel's own options is missing or too much: a sentence's end ("needs client-id=..."), or NULL. */
    const char *(*options_check)(const orders_channel_t *channel, apr_pool_t *pool);
    orders_problem_t *(*create_intent)(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_intent_request_t *request,
                                       orders_intent_reply_t *reply);
    orders_problem_t *(*refund)(const orders_channel_t *channel, apr_pool_t *pool,
                                const orders_refund_request_t *request,
                                orders_refund_reply_t *reply);
    /** Takes the money of an intent that its buyer has approved; may be repeated. NULL: the provider does so by itself. */
    orders_problem_t *(*capture)(const orders_channel_t *channel, apr_pool_t *pool,
                                 const orders_capture_request_t *request,
                                 orders_capture_reply_t *reply);
    /** From the headers alone, before a body is read: it may be signed. */
    bool (*is_signed)(const orders_signed_body_t *received);
    /**
     * Checks the signature and its time, and reads the event. `invalid_signature`, `malformed_json`, `invalid_fields`;
     * `provider_unreachable`: the provider had to be asked for something.
     */
    orders_problem_t *(*read_event)(const orders_channel_t *channel, apr_pool_t *pool,
                                    const orders_signed_body_t *received, orders_event_t *event);
};

const orders_channel_t *orders_channel_find(const orders_providers_t *providers, const char *name);
/** The channel of this name as `providers` may call it, cancellation and log included. False: there is none. */
bool orders_channel_open(const orders_providers_t *providers, const char *name,
                         orders_channel_t *channel);
/** Seconds that an operation takes at most, whatever its calls meet, with what the database has to do beside them. */
int orders_channel_longest(const orders_channel_t *channel);
/** Of const char *: the names of an array of channels; empty where it is NULL. */
apr_array_header_t *orders_channel_names(const apr_array_header_t *channels, apr_pool_t *pool);
const orders_provider_t *orders_provider_by_name(const char *name);

/** The providers there are, for a refusal: "http, paypal". */
const char *orders_provider_names(apr_pool_t *pool);

/**
 * For `httpd -t`: can this channel work? NULL, or a sentence that says what is wrong with its URL (https, or http to
 * this machine) or with the options of its provider.
 */
const char *orders_channel_check(const orders_channel_t *channel, apr_pool_t *pool);

/** Once a process, before and after threads (curl_global_init). */
void orders_providers_startup(void);
void orders_providers_shutdown(void);

#endif
