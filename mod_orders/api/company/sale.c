/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: requests of salespeople for an order. */
#include <apr_strings.h>
#include <string.h>

#include "api/company/company.h"
#include "core/trouble.h"
#include "documents/qr.h"
#include "payments/payment_flow.h"
#include "store/sale.h"

/* Payment types: the method, whether a consumer claims the order, and whether it is paid by a link. */
enum { CASH, CREDIT_CARD, PAYPAL, CASH_APP, CREDIT_CARD_APP, TYPES };

const char *const orders_company_types[] = {
    [CASH] = "cash",
    [CREDIT_CARD] = "credit_card",
    [PAYPAL] = "PayPal",
    [CASH_APP] = "cash_consumer_app",
    [CREDIT_CARD_APP] = "credit_card_consumer_app",
    [TYPES] = NULL,
};

static const struct {
    const char *method;
    bool consumer, link;
} types[TYPES] = {
    [CASH] = {"cash", false, false},
    [CREDIT_CARD] = {"credit_card", false, false},
    [PAYPAL] = {"external", false, true},
    [CASH_APP] = {"cash", true, false},
    [CREDIT_CARD_APP] = {"credit_card", true, false},
};

/*
 * The channel of pay links: the first in the configuration whose provider captures approved payments. Only C knows the abilities of
 * providers; place_cart checks that the tenant has enabled the channel.
 */
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

/* A type without a provider in the configuration is treated as missing. */
static orders_problem_t *choose_type(const orders_call_t *call, const char *name,
                                     orders_place_cart_t *place)
{
    size_t type = 0;
    while (type < TYPES && strcmp(orders_company_types[type], name) != 0) {
        type++;
    }
    if (type == TYPES) {
        return orders_problem_logged(call->pool, ORDERS_E_internal_error, "unknown payment type");
    }
    place->method = types[type].method;
    place->consumer = types[type].consumer;
    place->channel = types[type].link ? link_channel(call->providers) : NULL;
    place->expires_in = types[type].link       ? call->settings->pay_link_lifetime
                        : types[type].consumer ? call->settings->consumer_expiry
                                               : 0;
    return types[type].link && !place->channel ? orders_company_missing_field(NULL, call, "type")
                                               : NULL;
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
    orders_company_body_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *order;
    apr_size_t length;
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_fields(call, input, &body));
    orders_place_cart_t place = {.cart = body.cart_id};
    ORDERS_TRY(choose_type(call, body.type, &place));
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

/* Errors of fields take precedence over those of the caller. */
static orders_problem_t *begin(orders_call_t *call, orders_company_body_t *body)
{
    orders_input_t *input;
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_fields(call, input, body));
    return orders_company_identify(call, input);
}

static bool is_unchanged(const orders_written_t *written)
{
    return orders_outcome_is(written->outcome, "unchanged");
}

orders_problem_t *orders_company_payment(orders_call_t *call, orders_reply_t *reply)
{
    orders_company_body_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(begin(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_settle(&writer, body.order_number, body.transaction_id, &written));
    reply->replayed = written->replayed;
    return NULL; /* the response is empty */
}

orders_problem_t *orders_company_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_company_body_t body = {NULL};
    const orders_order_t *order;
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(begin(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_cancel(&writer, body.order_number, &written));
    if (is_unchanged(written)) {
        ORDERS_TRY(orders_written_order(call->pool, written, &order));
        return orders_company_refuse_state(call->pool, ORDERS_E_order_not_cancellable, order);
    }
    reply->replayed = written->replayed;
    return NULL; /* the response is empty */
}

/* The request does not fail, because the refunds are committed and the worker sends them. */
static void log_unsent_refunds(const orders_call_t *call, const orders_problem_t *problem)
{
    if (problem->quiet) {
        return;
    }
    const char *line =
        apr_psprintf(call->pool, "ORD%04d %s %s %s %s: the worker sends the refunds%s%s",
                     orders_error_number(problem->error), orders_error_code(problem->error),
                     call->request_id, *problem->sqlstate ? problem->sqlstate : "-",
                     call->route->name, problem->log ? ": " : "", problem->log ? problem->log : "");
    orders_trouble_log(call->log, ORDERS_LOG_WARNING, problem->error, "refunds", line);
}

/* Sends the refunds to their providers at once. The worker retries those that fail. */
static orders_problem_t *send_refunds(const orders_call_t *call, const orders_writer_t *writer,
                                      const orders_order_t *order)
{
    const orders_payment_flow_t flow = {writer, call->providers, call->settings};
    const orders_reader_t reader = orders_call_reader(call);
    apr_array_header_t *tasks;
    orders_problem_t *unread = orders_payment_refunds_to_send(&reader, order->id, &tasks);
    if (unread) {
        log_unsent_refunds(call, unread);
        return NULL;
    }
    for (int i = 0; i < tasks->nelts; i++) {
        orders_problem_t *problem =
            orders_payment_flow_refund(&flow, &APR_ARRAY_IDX(tasks, i, orders_refund_task_t));
        if (problem && problem->error != ORDERS_E_provider_unreachable) {
            return problem;
        }
    }
    return NULL;
}

orders_problem_t *orders_company_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_company_body_t body = {NULL};
    orders_refund_sale_t refund = {
        .window = call->settings->refund_window,
        .terminal_feed = call->settings->terminal_feed,
    };
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *order;
    ORDERS_TRY(begin(call, &body));
    refund.number = body.order_number;
    refund.transaction_id = body.transaction_id;
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_sale_refund(&writer, &refund, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    if (is_unchanged(written)) {
        return orders_company_refuse_state(call->pool, ORDERS_E_order_not_refundable, order);
    }
    if (orders_outcome_is(written->outcome, "refund")) {
        writer.key = NULL;
        ORDERS_TRY(send_refunds(call, &writer, order));
    }
    reply->replayed = written->replayed;
    return NULL; /* the response is empty */
}

orders_problem_t *orders_company_refund_query(orders_call_t *call, orders_reply_t *reply)
{
    orders_company_body_t body = {NULL};
    ORDERS_TRY(begin(call, &body));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_check_refund(&reader, call->identity->user_id, body.order_number,
                                        call->settings->refund_window));
    orders_company_reply_empty(call, reply);
    return NULL;
}
