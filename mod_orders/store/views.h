/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The results of the database (sql/deploy/views.sql): a struct and a row type for each view and composite type.
 *
 * store/rows.h defines how they are read, their lifetime and the representation of nulls (0 is never an id or a time). Amounts are in
 * minor units of the currency of the row; times are microseconds since 1970. Only the members of an order whose columns the statement
 * names are set. Arrays are never NULL.
 */
#ifndef ORDERS_STORE_VIEWS_H
#define ORDERS_STORE_VIEWS_H

#include <apr_time.h>

#include "store/rows.h"

typedef struct orders_line_t {
    int64_t id, item_id;
    const char *kind, *product, *variant, *title, *currency, *image, *slug;
    const char *number; /**< the number of the product in carts */
    int64_t quantity, unit_price, list_price, subtotal, discount, tax;
    int64_t refunded_quantity;  /**< including pending refunds */
    int64_t cancelled_quantity; /**< refunded before they were shipped */
    bool returnable;
    orders_document_t
        snapshot; /**< the product at the time of the order: company, item, variants, images, status, translations */
    orders_document_t attributes; /**< of the variant: [{id, name, attribute, code}] */
    orders_document_t metadata;
    apr_time_t created_at;
} orders_line_t;

typedef struct orders_tax_t {
    const char *key;
    int64_t rate_bp, amount;
} orders_tax_t;

typedef struct orders_address_t {
    int64_t id;
    const char *type; /**< billing, shipping */
    orders_document_t document;
} orders_address_t;

typedef struct orders_payment_t {
    int64_t id, amount, refunded;
    const char *status, *method, *channel, *provider, *reference, *intent_id, *currency;
    const char *failure_code, *failure_message, *pay_url;
    const char *provider_key; /**< a UUID, the idempotency key for the provider */
    orders_document_t metadata;
    bool
        surplus; /**< captured although the order had been paid: it does not count for the order and is to be refunded */
    apr_time_t created_at, updated_at, captured_at, expires_at;
} orders_payment_t;

typedef struct orders_refund_t {
    int64_t id, payment_id, amount;
    const char *status, *method, *channel, *provider, *reference, *currency;
    const char *failure_code, *reason;
    const char *provider_key; /**< a UUID, the idempotency key for the provider */
    orders_document_t metadata;
    bool surplus; /**< of a surplus payment */
    apr_time_t created_at, updated_at, settled_at;
} orders_refund_t;

typedef struct orders_balance_t {
    int64_t user_id, amount;
    const char *currency;
    apr_time_t updated_at;
} orders_balance_t;

typedef struct orders_posting_t {
    int64_t id, user_id, amount, balance_after;
    const char *type, *currency, *reference, *description;
    orders_document_t metadata;
    apr_time_t created_at;
} orders_posting_t;

/** A change of a state of the order. */
typedef struct orders_history_t {
    int64_t step;    /**< from 1 */
    int64_t version; /**< of the order, after the operation of the step */
    int64_t actor_id;
    const char *axis, *from, *to, *actor, *comment;
    apr_time_t created_at;
    apr_time_t local_at; /**< created_at in the tenant's time zone, encoded as if it were UTC */
} orders_history_t;

/** A buyer, an agent or an actor of the history. */
typedef struct orders_user_t {
    int64_t id;
    const char *ref, *name, *email;
    const char *given_name, *family_name; /**< of agents and actors only */
    const unsigned char *public_id;       /**< 16 bytes */
} orders_user_t;

/** The selling company. */
typedef struct orders_company_t {
    int64_t id;
    const char *ref, *name, *email;
    orders_document_t address, images;
} orders_company_t;

typedef struct orders_invoice_t {
    int64_t id, company_id;
    const char *number, *issuer;
    orders_document_t document; /**< set only when the invoice itself is read */
    apr_time_t created_at;
} orders_invoice_t;

/** The shipment of an order. */
typedef struct orders_shipment_t {
    int64_t id;
    const char *status; /**< planned, then the latest status of the courier */
    const char *courier, *service, *tracking_number, *tracking_url;
    const char *estimate; /**< a text such as "2-3 days" */
    bool late;            /**< delivered after expected_at, or not yet delivered by then */
    apr_time_t expected_at, shipped_at, delivered_at, updated_at;
    apr_time_t
        local_date; /**< delivered_at, else expected_at, in the tenant's time zone, encoded as if it were UTC */
} orders_shipment_t;

/** A courier's tracking event. */
typedef struct orders_tracking_t {
    int64_t id, shipment_id;
    const char *status, *location, *description;
    apr_time_t at;
} orders_tracking_t;

typedef struct orders_return_t {
    int64_t id, order_id;
    int64_t refund_id; /**< 0: not refunded yet */
    int64_t amount;    /**< of the refund */
    const char *order_number, *state, *reason, *currency;
    orders_document_t lines; /**< [{"id", "quantity"}] */
    apr_time_t created_at, updated_at;
} orders_return_t;

/** The children of an order: sorted arrays of the struct of the same name, and records that may be NULL. */
typedef struct orders_children_t {
    apr_array_header_t *lines, *payments, *refunds, *taxes, *addresses, *invoices, *returns;
    apr_array_header_t *history;  /**< by step */
    apr_array_header_t *actors;   /**< of orders_user_t: the actors of the history */
    apr_array_header_t *tracking; /**< by time */
    orders_balance_t *balance;    /**< the buyer's, in the order's currency */
    orders_posting_t *posting;    /**< the latest posting of the order on the buyer's account */
    orders_user_t *buyer, *agent;
    orders_company_t *company;
    orders_shipment_t *shipment;
} orders_children_t;

typedef struct orders_order_t {
    int64_t id, user_id, version;
    const unsigned char *public_id; /**< 16 bytes */
    const char *number, *bill_no, *api, *state, *payment_state, *fulfilment_state;
    const char *method, *channel, *currency, *notes;
    const char *cancel_reason; /**< of a cancelled order, or NULL */
    const char *payer;         /**< mail address of the payer, if the provider has sent it */
    const char *category;      /**< product, package, renewal, upgrade, plan */
    const char *currency_symbol;
    const char *pay_url; /**< where the order can be paid now, or NULL */
    int64_t exponent, subtotal, discount, tax, shipping, total, refunded;
    bool tax_inclusive;
    bool claimable; /**< a consumer becomes the buyer by confirming */
    bool paid_by_link;
    orders_document_t snapshot, metadata;
    orders_document_t
        line_references; /**< of variants and billing options, in the order of the lines */
    apr_time_t created_at, updated_at, paid_at, cancelled_at, refunded_at, expires_at;
    orders_children_t of;
} orders_order_t;

/** The latest payment that is not surplus, or NULL. Lives as long as `order`. */
const orders_payment_t *orders_latest_payment(const orders_order_t *order);
/** The child with this id, or NULL. Lives as long as `order`. */
const orders_payment_t *orders_find_payment(const orders_order_t *order, int64_t id);
const orders_refund_t *orders_find_refund(const orders_order_t *order, int64_t id);
const orders_return_t *orders_find_return(const orders_order_t *order, int64_t id);
/** The address of this type, of which an order has at most one, or NULL. Lives as long as `order`. */
const orders_address_t *orders_find_address(const orders_order_t *order, const char *type);

/** A label: the text of a status or method in a language. */
typedef struct orders_label_t {
    const char *kind; /**< order_status, shipment_status, payment_method */
    const char *word, *text;
    const char *language; /**< of the text */
} orders_label_t;

/** A page of a list of orders. Members without a column in the statement are zero. */
typedef struct orders_order_list_t {
    apr_array_header_t *orders; /**< of orders_order_t */
    apr_array_header_t *labels; /**< of orders_label_t, by kind and value */
    int64_t total_count;        /**< exact, of all pages */
    int64_t member_id;          /**< the member of the orders; 0: there is no such active user */
    int64_t searched_to; /**< the id after which the next page begins; 0: that of the last row */
    bool more;           /**< whether there is a next page, if the list determines it */
} orders_order_list_t;

/** An order for the holder of its pay link. */
typedef struct orders_linked_order_t {
    const char *link_state; /**< unpaid or failed: can be paid; confirming, paid, refunded, over */
    bool declined;          /**< the provider declined the latest payment */
    orders_order_t *order;
} orders_linked_order_t;

/** The result of a write to an order. */
typedef struct orders_written_t {
    int64_t id; /**< of the row that was written: a refund, a return, a payment, … */
    const char *
        outcome; /**< done, unchanged, intent, capture, refund; of a provider's event: done, unchanged, waiting, refused */
    const char *refusal, *detail; /**< of a provider's event: the error's code, and a sentence */
    const char *event_id, *event_type; /**< of a provider's event, as stored */
    bool replayed;                     /**< the outcome of an earlier request with the same key */
    /**
     * After the write, or NULL. It has lines, payments, refunds, balance and posting; other children only if orders_v1.written_parts names
     * them for the calling API, otherwise they are NULL or empty.
     */
    orders_order_t *order;
} orders_written_t;

/** The result of a write that does not concern an order. */
typedef struct orders_stored_t {
    int64_t id;
    const char *
        outcome; /**< created, updated, unchanged, done; of a line of a bulk: or the error's code */
    const char *kind, *ref;
    const char *detail,
        *field; /**< of a line of a bulk that was refused: a sentence, and the field */
    orders_document_t document;
    orders_document_t variants; /**< of a product: [{ref, id}] */
    bool replayed;
} orders_stored_t;

/** A posting on a balance, and the balance after it. */
typedef struct orders_posted_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_balance_t *balance;
    orders_posting_t *posting;
} orders_posted_t;

/** The profile of a user, for that user. */
typedef struct orders_profile_t {
    int64_t id;
    const char *given_name, *family_name, *phone;
    const char *title; /**< the number as text */
    orders_document_t address;
} orders_profile_t;

/** A consumer who became the buyer of an order. */
typedef struct orders_claimed_order_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_profile_t *profile;
} orders_claimed_order_t;

typedef struct orders_token_t {
    int64_t id, user_id;
    const char *user_ref, *user_name;
    const char *hint;   /**< the first characters of the secret */
    const char *scopes; /**< names of scopes, separated by single spaces */
    apr_time_t created_at, expires_at, revoked_at;
} orders_token_t;

typedef struct orders_written_token_t {
    int64_t id;
    const char *outcome;
    const char *hash; /**< of a revoked token: SHA-256 in hexadecimal */
    bool replayed;
    orders_token_t *token;
} orders_written_token_t;

/** An event of a payment provider. */
typedef struct orders_provider_event_t {
    int64_t id;
    const char *channel, *event_id, *type, *raw_type;
    const char *verdict;          /**< done, unchanged, waiting or refused */
    const char *refusal, *detail; /**< the error code and a sentence, or NULL */
    int64_t attempts, order_id, payment_id;
    const char *order_number, *payment_key, *intent_id, *transaction_id, *capture_id;
    int64_t amount; /**< minor units */
    const char *currency, *code, *message;
    apr_time_t received_at, judged_at, resolved_at;
    int64_t resolved_by; /**< a user; 0: none */
    const char *resolution;
} orders_provider_event_t;

typedef struct orders_written_provider_event_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_provider_event_t *event;
} orders_written_provider_event_t;

/** The user of a token or login. */
typedef struct orders_identity_row_t {
    int64_t tenant_id, user_id;
    int64_t token_id; /**< 0: a login */
    const char *login, *external_ref, *name, *email;
    const char *scopes; /**< names of scopes, separated by single spaces */
    apr_time_t expires_at;
} orders_identity_row_t;

/** A payment for which the provider must be called. */
typedef struct orders_payment_task_t {
    int64_t order_id, attempts;
    const char *order_number, *return_url;
    const char *
        capture_step; /**< capture; read_first (then capture); read_only (never capture); NULL: no capture */
    orders_payment_t *payment;
} orders_payment_task_t;

/** A refund that must be sent to the provider. */
typedef struct orders_refund_task_t {
    int64_t order_id, attempts;
    const char *order_number;
    const char *intent_id, *payment_key; /**< of its payment */
    orders_refund_t *refund;             /**< `reference`: the transaction of the capture */
} orders_refund_task_t;

/** A mail that is due. */
typedef struct orders_mail_task_t {
    int64_t id, order_id, total, exponent, attempts;
    const char *template, *recipient, *order_number, *seller, *currency;
    const char *message_key; /**< a UUID, the same for each attempt */
    apr_time_t order_expires_at;
} orders_mail_task_t;

/** A reconciliation whose next page is read from the provider. */
typedef struct orders_reconciliation_task_t {
    int64_t id, attempts;
    apr_time_t from_at, to_at;
    const char *page; /**< NULL: the first */
} orders_reconciliation_task_t;

extern const orders_row_type_t orders_order_type, orders_order_list_type, orders_linked_order_type,
    orders_written_type, orders_stored_type, orders_posted_type, orders_claimed_order_type,
    orders_token_type, orders_written_token_type, orders_identity_type, orders_invoice_type,
    orders_provider_event_type, orders_written_provider_event_type, orders_return_type,
    orders_payment_task_type, orders_refund_task_type, orders_mail_task_type,
    orders_reconciliation_task_type;

/** All types of the schema, NULL-terminated, for the test that compares them with the database. */
extern const orders_row_type_t *const orders_row_types[];

#endif
