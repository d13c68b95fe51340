/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The interface of payment providers. Calls hold no database session and run outside any transaction. The idempotency key of a call is
 * the random UUID of its payment or refund, so a call can be repeated, and keys stay unique after a restore of the database.
 */
#ifndef ORDERS_PAYMENTS_PROVIDER_H
#define ORDERS_PAYMENTS_PROVIDER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
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
        *secret; /**< contents of secret-file: shared signing secret, or our credential */
    apr_size_t secret_length;
    int timeout_ms;         /**< total time of one call */
    const char *ca_file;    /**< PEM; NULL: the system's store */
    const char *client_id;  /**< paypal: id of the REST app; otherwise NULL */
    const char *webhook_id; /**< paypal: id of the webhook at PayPal; otherwise NULL */
    /** Set by orders_channel_open(): true aborts a call in progress. NULL in the configuration. */
    bool (*cancelled)(void *context);
    void *context;
    const orders_log_t *log; /**< set by orders_channel_open(); NULL in the configuration */
    const char *request_id;  /**< the same; sent as X-Request-Id */
    const char *trace;       /**< the same; sent as traceparent */
    orders_caller_e caller;
    int calls;                 /**< limit of concurrent calls of requests, per process */
    orders_breaker_t *breaker; /**< its state is per process; NULL: no limit */
} orders_channel_t;

typedef struct orders_providers_t {
    const apr_array_header_t *channels; /**< of orders_channel_t */
    const orders_log_t *log;
    const char *request_id; /**< of the calling request; NULL: the worker */
    const char *trace;      /**< of the same; NULL: it has no traceparent (core/trace.h) */
    /** True aborts a call in progress with `provider_unreachable`. Called on the thread of the call. NULL: never. */
    bool (*cancelled)(void *context);
    void *context;
    orders_caller_e caller;
} orders_providers_t;

/** The caller does not know the exponent: the provider's own currency table applies. */
#define ORDERS_EXPONENT_UNKNOWN (-1)

/** Request for a payment intent. `amount` is in minor units with `exponent` decimals. */
typedef struct orders_intent_request_t {
    const char *payment_key; /**< a UUID; the idempotency key */
    int32_t tenant;
    const char *order_number;
    int64_t amount;
    const char *currency;
    int exponent;
    const char *return_url; /**< or NULL */
    const char *cancel_url; /**< page for a buyer who does not pay, or NULL */
    const char *notify_url; /**< URL for events, or NULL */
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
    bool read_first; /**< a retry whose key may have expired: read before capturing */
    bool read_only;  /**< read the intent, do not capture */
} orders_capture_request_t;

/** Outcome of an intent. The database compares the amount with that of the payment. */
typedef struct orders_capture_reply_t {
    /**
     * waiting (the buyer has not approved yet), approved (with read_only: it can be captured), paid, confirming (an event
     * will report the outcome), failed, gone (the intent is void or unknown).
     */
    const char *outcome;
    const char *transaction_id; /**< of paid, confirming and possibly failed */
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
    const char *transaction_id; /**< NULL: completed, but the transaction is unknown */
    bool pending;               /**< an event will report the outcome */
} orders_refund_reply_t;

/** A signed request of a provider, as received. */
typedef struct orders_signed_body_t {
    const char *(*header)(void *context, const char *name); /**< a header, or NULL */
    void *context;
    const char *body;
    apr_size_t length;
} orders_signed_body_t;

/** A parsed event of a provider. */
typedef struct orders_parsed_event_t {
    const char *id;
    /**
     * paid, failed, confirming, refunded, refund_failed; approved: the buyer has approved, and the payment can be captured;
     * ignored: not about a payment of ours; undecided (of a notice only): the provider has not decided yet. The database decides
     * the next step, and refuses unknown types.
     */
    const char *type;
    const char *raw_type;    /**< the provider's own name of the type, if it differs, or NULL */
    int32_t tenant;          /**< tenant of the payment; 0: unknown */
    const char *payment_key; /**< a UUID; NULL: unknown */
    const char *intent_id;
    const char *transaction_id;
    const char *capture_id; /**< the capture that was refunded; NULL: unknown */
    int64_t amount;
    const char *currency;
    const char *failure_code;
    const char *failure_message;
} orders_parsed_event_t;

/** A delivery whose signature does not authenticate its body: what the body claims. */
typedef struct orders_notice_t {
    const char *raw_type;      /**< the provider's name of the event type; NULL: none */
    const char *resource_kind; /**< order, capture or refund; NULL: nothing can be read back */
    const char *resource_id;   /**< safe in a path */
    int32_t tenant;            /**< 0: none is named */
    const char *payment_key,
        *transaction_id;          /**< to display a notice that cannot be verified; or NULL */
    orders_problem_t *unreadable; /**< why it can never be verified; NULL: it may be */
} orders_notice_t;

/** Request for a page of the provider's own records, of the transactions of one tenant. */
typedef struct orders_listing_request_t {
    int32_t tenant;
    apr_time_t from, to; /**< the period; `to` is exclusive. At most 31 days */
    const char *page;    /**< `next` of the previous page; NULL: the first page */
} orders_listing_request_t;

/** A transaction as the provider records it. */
typedef struct orders_listed_t {
    const char *transaction_id;
    const char *
        kind; /**< capture; refund (or a chargeback); other: has an effect on the account, but is neither */
    int64_t amount; /**< without a sign, in minor units of the currency table as shipped */
    const char *currency;
    apr_time_t occurred_at;
    const char *payment_key; /**< a UUID; NULL: not stated */
    const char *capture_id; /**< the capture that was refunded; NULL: not stated, or not a refund */
} orders_listed_t;

typedef struct orders_listing_t {
    apr_array_header_t
        *entries;     /**< of orders_listed_t; may be empty although there is a next page */
    const char *next; /**< at most 255 characters; NULL: this was the last page */
} orders_listing_t;

/**
 * A provider. Problems: `provider_unreachable` (no reply, a timeout or 5xx: the outcome is unknown, and the call may be repeated) and
 * `provider_refused` (final; `extra` is {"code","message"}).
 */
struct orders_provider_t {
    const char *name; /**< as in provider=… */
    int calls;        /**< maximum number of HTTP calls of one operation */
    /** Checks the options of a channel. NULL, or an error message. */
    const char *(*options_check)(const orders_channel_t *channel, apr_pool_t *pool);
    orders_problem_t *(*create_intent)(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_intent_request_t *request,
                                       orders_intent_reply_t *reply);
    orders_problem_t *(*refund)(const orders_channel_t *channel, apr_pool_t *pool,
                                const orders_refund_request_t *request,
                                orders_refund_reply_t *reply);
    /** Captures an approved intent; may be repeated. NULL: the provider captures without a request. */
    orders_problem_t *(*capture)(const orders_channel_t *channel, apr_pool_t *pool,
                                 const orders_capture_request_t *request,
                                 orders_capture_reply_t *reply);
    /** Whether the headers of a signature are present. Called before the body is read. */
    bool (*is_signed)(const orders_signed_body_t *received);
    /**
     * Verifies the signature and its time, and parses the event. `invalid_signature`; `malformed_json`, `invalid_fields`,
     * `malformed_request`: the signature is valid, but the event cannot be read. NULL: a signature does not authenticate the body.
     */
    orders_problem_t *(*read_event)(const orders_channel_t *channel, apr_pool_t *pool,
                                    const orders_signed_body_t *received,
                                    orders_parsed_event_t *event);
    /**
     * The same for such a provider: verifies the signature, and reads what the body claims. `invalid_signature`,
     * `provider_unreachable`: no certificate. NULL: the provider has read_event.
     */
    orders_problem_t *(*read_notice)(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_signed_body_t *received, orders_notice_t *notice);
    /**
     * Reads the resource of a notice from the provider, and makes an event of it. All calls together take at most the channel's
     * timeout plus half a second. Event type `approved` is not read back: the capture reads the order. `provider_unreachable`:
     * retry later.
     */
    orders_problem_t *(*verify_notice)(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_notice_t *notice, orders_parsed_event_t *event);
    /**
     * Reads a page of the provider's records of a period: transactions in which money has moved. May be repeated; pages may overlap.
     * Transactions that the provider may not have recorded completely yet are left out, so the period may end earlier than requested.
     * Transactions of other tenants and of other uses of the account are left out if the provider's record shows that. Its failures do not
     * suspend other calls of the channel. NULL: the provider cannot list transactions.
     */
    orders_problem_t *(*list_transactions)(const orders_channel_t *channel, apr_pool_t *pool,
                                           const orders_listing_request_t *request,
                                           orders_listing_t *listing);
};

const orders_channel_t *orders_channel_find(const orders_providers_t *providers, const char *name);
/** Copies the channel of this name and sets cancellation, log and caller from `providers`. False: no channel has this name. */
bool orders_channel_open(const orders_providers_t *providers, const char *name,
                         orders_channel_t *channel);
/** Maximum duration of an operation in seconds: all its calls and its database transactions. A lease must not be shorter. */
int orders_channel_longest(const orders_channel_t *channel);
/** Names of the channels (array of const char *); empty when `channels` is NULL. */
apr_array_header_t *orders_channel_names(const apr_array_header_t *channels, apr_pool_t *pool);
const orders_provider_t *orders_provider_by_name(const char *name);

/** The names of all providers, for an error message: "http, paypal". */
const char *orders_provider_names(apr_pool_t *pool);

/**
 * Checks a channel for `httpd -t`: its URL (https, or http to a loopback address) and the options of its provider. NULL, or an error message.
 */
const char *orders_channel_check(const orders_channel_t *channel, apr_pool_t *pool);

/** Once per process, before the first thread and after the last (curl_global_init). */
void orders_providers_startup(void);
void orders_providers_shutdown(void);

#endif
