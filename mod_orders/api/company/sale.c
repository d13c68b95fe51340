/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: what salespeople do with an order. */
#include <string.h>

#include "api/company/company.h"
#include "documents/qr.h"
#include "payments/payment_flow.h"
#include "store/sale.h"

/* The words for ways to pay: who takes the money, and how. */
static const struct {
    const char *word, *method;
    bool consumer;
} types[] = {
    {"cash", "cash", false},
    {"credit_card", "credit_card", false},
    {"PayPal", "external", false},
    {"cash_consumer_app", "cash", true},
    {"credit_card_consumer_app", "credit_card", true},
};

/* The channel by which links are paid: the first whose provider captures what a buyer has approved. */
static const char *link_channel(const orders_providers_t *providers)
{
    for (int i = 0; i < providers->channels->nelts; i++) {
        const orders_channel_t *channel = &APR_ARRAY_IDX(providers->channels, i, orders_channel_t);
        if (channel->provider->capture) {
            return channel->name;
        }
    }
    return NULL;
}

/* An unknown type, and one that this server has no provider for, count as missing. */
static orders_problem_t *choose_type(const orders_call_t *call, const char *word,
                                     orders_place_cart_t *place)
{
    for (size_t i = 0; word && i < ORDERS_COUNT(types); i++) {
        if (strcmp(types[i].word, word) == 0) {
            place->method = types[i].method;
            place->consumer = types[i].consumer;
        }
    }
    if (!place->method) {
        return orders_company_lack(NULL, call, "type");
    }
    if (strcmp(place->method, "external") == 0) {
        place->channel = link_channel(call->providers);
        place->expires_in = call->settings->pay_link_lifetime;
        return place->channel ? NULL : orders_company_lack(NULL, call, "type");
    }
    place->expires_in = place->consumer ? call->settings->consumer_expiry : 0;
    return NULL;
}

static orders_problem_t *write_created(const orders_call_t *call, const orders_order_t *order,
                                       orders_json_t *json)
{
    const char *url, *picture = NULL;
    ORDERS_TRY(orders_company_code_url(&url, call, order));
    if (url) {
        ORDERS_TRY(orders_qr_png_base64(&picture, call->pool, url));
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "order_number", order->number);
    orders_json_member_string(json, "payment_method", orders_company_method(order));
    orders_json_member_string(json, "qrcode", picture);
    orders_json_end_object(json);
    return NULL;
}

orders_problem_t *orders_company_create(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *order;
    apr_size_t length;
    ORDERS_TRY(orders_company_read(call, &input));
    orders_place_cart_t place = {.cart = orders_company_text(input, "cart_id", call->pool)};
    const char *type = orders_company_text(input, "type", call->pool);
    orders_problem_t *lacks = place.cart ? NULL : orders_company_lack(NULL, call, "cart_id");
    ORDERS_TRY(type ? lacks : orders_company_lack(lacks, call, "type"));
    ORDERS_TRY(lacks);
    ORDERS_TRY(choose_type(call, type, &place));
    ORDERS_TRY(orders_company_identify(call, input));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_place(&writer, &place, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    orders_json_t *json = orders_json_open(call->pool);
    ORDERS_TRY(write_created(call, order, json));
    if (orders_outcome_is(written->outcome, "unchanged")) {
        orders_problem_t *problem = orders_problem(call->pool, ORDERS_E_cart_ordered, NULL);
        problem->extra = orders_json_text(json, call->pool, &length);
        return problem;
    }
    reply->json = json;
    reply->replayed = written->replayed;
    return NULL;
}

/* Beyond the key: the order's number, and where `transaction` is not NULL the transaction's id. */
static orders_problem_t *begin(orders_call_t *call, const char **number, const char **transaction,
                               bool needs_transaction)
{
    orders_input_t *input;
    ORDERS_TRY(orders_company_read(call, &input));
    *number = orders_company_text(input, "order_number", call->pool);
    if (transaction) {
        *transaction = orders_company_text(input, "transaction_id", call->pool);
    }
    orders_problem_t *lacks = *number ? NULL : orders_company_lack(NULL, call, "order_number");
    if (needs_transaction && !*transaction) {
        lacks = orders_company_lack(lacks, call, "transaction_id");
    }
    return lacks ? lacks : orders_company_identify(call, input);
}

static bool unchanged(const orders_written_t *written)
{
    return orders_outcome_is(written->outcome, "unchanged");
}

orders_problem_t *orders_company_payment(orders_call_t *call, orders_reply_t *reply)
{
    const char *number, *transaction = NULL;
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(begin(call, &number, &transaction, true));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_settle(&writer, number, transaction, &written));
    reply->replayed = written->replayed;
    return NULL; /* and nothing is said */
}

orders_problem_t *orders_company_cancel(orders_call_t *call, orders_reply_t *reply)
{
    const char *number;
    const orders_order_t *order;
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(begin(call, &number, NULL, false));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_cancel(&writer, number, &written));
    if (unchanged(written)) {
        ORDERS_TRY(orders_written_order(call->pool, written, &order));
        return orders_company_refuse_state(call->pool, ORDERS_E_order_not_cancellable, order);
    }
    reply->replayed = written->replayed;
    return NULL; /* and nothing is said */
}

static const orders_payment_t *payment_of(const orders_order_t *order,
                                          const orders_refund_t *refund)
{
    for (int i = 0; i < order->of.payments->nelts; i++) {
        const orders_payment_t *payment = &APR_ARRAY_IDX(order->of.payments, i, orders_payment_t);
        if (payment->id == refund->payment_id) {
            return payment;
        }
    }
    return NULL;
}

/* Sends a refund to its provider at once. If that fails, the worker sends it again. */
static orders_problem_t *send_refund(const orders_payment_flow_t *flow, const orders_order_t *order,
                                     const orders_refund_t *pending)
{
    const orders_payment_t *payment = payment_of(order, pending);
    orders_refund_t refund = *pending;
    const orders_refund_task_t task = {
        .order_id = order->id,
        .order_number = order->number,
        .intent_id = payment ? payment->intent_id : NULL,
        .refund = &refund,
    };
    refund.reference = orders_company_transaction(order);
    orders_problem_t *problem = orders_payment_flow_refund(flow, &task);
    return problem && problem->error != ORDERS_E_provider_unreachable ? problem : NULL;
}

static orders_problem_t *send_refunds(const orders_call_t *call, const orders_writer_t *writer,
                                      const orders_order_t *order)
{
    const orders_payment_flow_t flow = {writer, call->providers, call->settings};
    for (int i = 0; i < order->of.refunds->nelts; i++) {
        const orders_refund_t *refund = &APR_ARRAY_IDX(order->of.refunds, i, orders_refund_t);
        if (strcmp(refund->status, "pending") == 0 && refund->channel) {
            ORDERS_TRY(send_refund(&flow, order, refund));
        }
    }
    return NULL;
}

orders_problem_t *orders_company_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_refund_sale_t refund = {
        .window = call->settings->refund_window,
        .terminal_feed = call->settings->terminal_feed,
    };
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *order;
    ORDERS_TRY(begin(call, &refund.number, &refund.transaction_id, false));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_refund(&writer, &refund, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    if (unchanged(written)) {
        return orders_company_refuse_state(call->pool, ORDERS_E_order_not_refundable, order);
    }
    writer.key = NULL;
    ORDERS_TRY(send_refunds(call, &writer, order));
    reply->replayed = written->replayed;
    return NULL; /* and nothing is said */
}

orders_problem_t *orders_company_refund_query(orders_call_t *call, orders_reply_t *reply)
{
    static const orders_order_t refunded = {.state = "completed", .payment_state = "refunded"};
    const char *number;
    orders_written_t *written;
    ORDERS_TRY(begin(call, &number, NULL, false));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_check_refund(&reader, call->identity->user_id, number,
                                        call->settings->refund_window, &written));
    if (unchanged(written)) {
        return orders_company_refuse_state(call->pool, ORDERS_E_order_not_refundable, &refunded);
    }
    orders_company_reply_empty(call, reply);
    return NULL;
}
