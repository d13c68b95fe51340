/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The reader of orders_v1.answer, the one row type in which order data leaves the database.
 *
 * Rows become the structs below; each kind of row has one struct and one table of columns in answer.c. Texts, uuids and
 * jsonb point into the PGresult and end with a NUL: they live as long as the pool that the result was executed with.
 * Nulls: NULL for texts, documents and uuids, 0 for numbers, ids and times (no id is 0, nothing happened in 1970), false.
 * Amounts are minor units of the row's currency. Arrays are never NULL.
 */
#ifndef ORDERS_STORE_ANSWER_H
#define ORDERS_STORE_ANSWER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/** A jsonb column, verbatim. */
typedef struct orders_document_t {
    const char *text;
    int length;
} orders_document_t;

/** What a write function did. */
typedef struct orders_result_t {
    int64_t id, order_id;
    const char *
        outcome; /**< done, unchanged, resume; an event: the verdict; a bulk line: created, updated, unchanged or a refusal's word */
    const char *reference;
    const char *refusal; /**< of a provider's event: the word of the refusal */
    const char *detail;
    orders_document_t snapshot; /**< what was stored, of entries */
    orders_document_t variants; /**< of a product's entry: [{ref, id}] */
    const char *kind, *field;   /**< bulk lines: the entry's kind, and the field that was refused */
    bool replayed;
} orders_result_t;

typedef struct orders_line_t {
    int64_t order_id, id, item_id;
    const char *kind, *product, *variant, *title, *currency, *image, *slug;
    const char *number; /**< that carts name the product by */
    int64_t quantity, unit_price, list_price, subtotal, discount, tax;
    int64_t refunded_quantity;  /**< pieces, those of a pending refund too */
    int64_t cancelled_quantity; /**< pieces refunded before shipping: they are not shipped */
    bool returnable;
    orders_document_t
        snapshot; /**< the product as it was sold: company, item, variants, images, status, translations */
    orders_document_t attributes; /**< what was chosen: [{id, name, attribute, code}] */
    orders_document_t metadata;
    apr_time_t created_at;
} orders_line_t;

typedef struct orders_tax_t {
    int64_t order_id, rate_bp, amount;
    const char *key, *currency;
} orders_tax_t;

typedef struct orders_address_t {
    int64_t order_id, id;
    const char *type; /**< billing, shipping */
    orders_document_t document;
} orders_address_t;

typedef struct orders_payment_t {
    int64_t order_id, id, amount, refunded;
    const char *order_number; /**< only where the worker reads payments without their orders */
    const char *status, *method, *channel, *provider, *reference, *intent_id, *currency;
    const char *failure_code, *failure_message, *pay_url, *return_url;
    const char *cancel_url;   /**< for the request for the intent; not stored */
    const char *provider_key; /**< the payment's UUID towards its provider */
    /**
     * What a claimed capture needs: capture, ask (look, then capture) or look (never capture). With its order: asked while
     * the outcome of a capture is unknown. Else NULL.
     */
    const char *capture_step;
    orders_document_t metadata;
    bool surplus; /**< captured though the order was paid: none of its money, and goes back */
    apr_time_t created_at, updated_at, paid_at, expires_at;
} orders_payment_t;

typedef struct orders_refund_t {
    int64_t order_id, id, payment_id, amount;
    const char *status, *method, *channel, *provider, *reference, *intent_id, *currency;
    const char *failure_code, *reason;
    const char *provider_key; /**< the refund's UUID towards its provider */
    const char *payment_key;  /**< its payment's; only where the worker reads it */
    orders_document_t metadata;
    bool surplus; /**< of a surplus payment */
    apr_time_t created_at, updated_at, refunded_at;
} orders_refund_t;

typedef struct orders_balance_t {
    int64_t order_id, user_id, amount;
    const char *currency;
    apr_time_t updated_at;
} orders_balance_t;

typedef struct orders_posting_t {
    int64_t order_id, id, user_id, amount, balance_after;
    const char *type, *currency, *reference, *description;
    orders_document_t metadata;
    apr_time_t created_at;
} orders_posting_t;

typedef struct orders_history_t {
    int64_t order_id, id, version, actor_id;
    const char *axis, *from, *to, *actor, *comment;
    apr_time_t created_at;
    apr_time_t local_at; /**< created_at on the tenant's wall clock, written as if that were UTC */
} orders_history_t;

/** A buyer, an agent, or somebody who acts in the history. */
typedef struct orders_user_t {
    int64_t order_id, id;
    const char *ref, *name, *email;
    const char *given_name, *family_name; /**< of agents and actors only */
    const unsigned char *public_id;       /**< 16 bytes, of buyers only */
} orders_user_t;

/** The company that sells. */
typedef struct orders_company_t {
    int64_t order_id, id;
    const char *ref, *name, *email;
    orders_document_t address, images;
} orders_company_t;

typedef struct orders_invoice_t {
    int64_t order_id, id, company_id;
    const char *number, *issuer;
    orders_document_t document; /**< where the invoice itself is read */
    apr_time_t created_at;
} orders_invoice_t;

/** How the goods reach the buyer: planned, then on its way. One an order. */
typedef struct orders_shipment_t {
    int64_t order_id, id;
    const char *status; /**< planned; then what the courier said last */
    const char *courier, *service, *tracking_number, *tracking_url;
    const char *estimate; /**< in words: "2-3 days" */
    bool late;            /**< it came, or is, after it was expected */
    apr_time_t expected_at, shipped_at, delivered_at, updated_at;
    apr_time_t
        local_date; /**< delivered_at, else expected_at, on the tenant's wall clock; as if UTC */
} orders_shipment_t;

/** What a courier said of a shipment, in order of time. */
typedef struct orders_tracking_t {
    int64_t order_id, id, shipment_id;
    const char *status, *location, *description;
    apr_time_t at;
} orders_tracking_t;

/** What an order is of. One an order. */
typedef struct orders_category_t {
    int64_t order_id;
    const char *kind; /**< product, package, renewal, upgrade, plan */
    const char *currency, *symbol;
} orders_category_t;

/** Goods that come back. */
typedef struct orders_return_t {
    int64_t order_id, id;
    int64_t refund_id; /**< 0: not refunded yet */
    int64_t amount;    /**< of the refund */
    const char *order_number, *state, *reason, *currency;
    orders_document_t lines; /**< [{"id", "quantity"}] */
    apr_time_t created_at, updated_at;
} orders_return_t;

/** What a word is called in the reader's language. */
typedef struct orders_label_t {
    const char *kind; /**< order_status, shipment_status, payment_method */
    const char *word, *text;
    const char *language; /**< of the text */
} orders_label_t;

/** What a buyer is told of himself. */
typedef struct orders_profile_t {
    int64_t id;
    const char *given_name, *family_name, *phone;
    const char *title; /**< the number as text */
    orders_document_t address;
} orders_profile_t;

/** Mail that is due: what it is about. */
typedef struct orders_due_mail_t {
    int64_t id, order_id, amount, exponent, attempts;
    const char *template, *recipient, *order_number, *seller, *currency;
    const char *message_key; /**< a UUID, the same for each try */
    apr_time_t order_expires_at;
} orders_due_mail_t;

/** A token, as listed and issued, and the identity that a token or a login stands for. */
typedef struct orders_token_t {
    int64_t id, user_id, tenant;
    const char *
        reference; /**< the hint; an identity: the user's external reference; revoked: the hash in hex */
    const char *login, *name, *email, *scopes, *state;
    apr_time_t created_at, expires_at, revoked_at;
} orders_token_t;

/** Rows that belong to one order, or (in an answer) to no order of it. Each an array of the struct named. */
typedef struct orders_children_t {
    apr_array_header_t *lines, *taxes, *addresses, *payments, *refunds;
    apr_array_header_t *balances, *postings, *history, *users;
    apr_array_header_t *companies, *agents, *actors; /**< companies: one; agents: one */
    apr_array_header_t *invoices;
    apr_array_header_t *shipments, *tracking, *returns; /**< shipments: one */
    apr_array_header_t *categories;                     /**< one */
} orders_children_t;

typedef struct orders_order_t {
    int64_t id, user_id, version;
    const unsigned char *public_id; /**< 16 bytes */
    const char *number, *bill_no, *dialect, *state, *payment_state, *fulfilment_state;
    const char *method, *channel, *currency, *notes;
    const char *cancel_reason; /**< of a cancelled order, or NULL */
    const char *binding;       /**< "consumer": the buyer binds the order; or NULL */
    const char *payer;         /**< mail address of who paid, where the provider told */
    int64_t exponent, subtotal, discount, tax, shipping, total, refunded;
    bool tax_inclusive;
    orders_document_t snapshot, metadata;
    apr_time_t created_at, updated_at, paid_at, cancelled_at, refunded_at, expires_at;
    orders_children_t of;
} orders_order_t;

typedef struct orders_total_t {
    int64_t total_count; /**< exact, of all pages */
    bool more;           /**< cursor pages: whether there is a next one */
    int64_t searched_to; /**< id behind which it begins, when that is not the last row; or 0 */
} orders_total_t;

typedef struct orders_answer_t {
    apr_array_header_t *results;  /**< of orders_result_t: one, or one for each line of a bulk */
    apr_array_header_t *totals;   /**< of orders_total_t: one, of lists */
    apr_array_header_t *orders;   /**< of orders_order_t, in the order of the rows */
    apr_array_header_t *tokens;   /**< of orders_token_t: tokens and identities */
    apr_array_header_t *profiles; /**< of orders_profile_t */
    apr_array_header_t *mails;    /**< of orders_due_mail_t */
    apr_array_header_t *labels;   /**< of orders_label_t, by kind and word */
    orders_children_t loose;      /**< rows of no order in this answer */
} orders_answer_t;

/** Reads all rows. `schema_mismatch` when the columns are not those of orders.answer. */
orders_problem_t *orders_answer_read(apr_pool_t *pool, const PGresult *result,
                                     orders_answer_t **answer) ORDERS_MUSTCHECK;

/** An integer column of any result: int2, int4 or int8; 0 for a null. */
int64_t orders_result_int(const PGresult *result, int row, int column);

/** The first element of an array, or NULL. */
void *orders_first(const apr_array_header_t *array);

/** Whether a write's answer repeats one given before. */
bool orders_answer_is_replay(const orders_answer_t *answer);
/** The last element of an array, or NULL. */
void *orders_last(const apr_array_header_t *array);

/** The latest payment of an order that is not surplus, or NULL. */
const orders_payment_t *orders_latest_payment(const orders_order_t *order);

#endif
