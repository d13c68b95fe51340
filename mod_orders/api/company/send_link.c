/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: orders that are paid by a link: the mail with the link, the URL in the QR code, and the result of the payment. */
#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/company/company.h"
#include "core/mail_address.h"
#include "payments/pay_link.h"
#include "store/pay_link.h"

static orders_problem_t *pay_url(const char **url, const orders_call_t *call,
                                 const orders_order_t *order)
{
    const orders_pay_link_t link = {order->id, order->expires_at};
    return orders_pay_link_url(url, &link, call->settings, call->pool);
}

orders_problem_t *orders_company_code_url(const char **url, const orders_call_t *call,
                                          const orders_order_t *order)
{
    *url = NULL;
    if (order->paid_by_link) {
        return pay_url(url, call, order);
    }
    if (!order->claimable) {
        return NULL;
    }
    if (!call->settings->public_url) {
        return orders_problem_logged(call->pool, ORDERS_E_not_configured,
                                     "the QR code of a consumer order needs OrdersPublicURL");
    }
    *url = apr_pstrcat(call->pool, call->settings->public_url, call->mount, "/order/",
                       order->number, "/detail", NULL);
    return NULL;
}

/* Checks the configuration of mail, so that no mail is queued that cannot be sent. */
static orders_problem_t *check_configured(const orders_call_t *call)
{
    const orders_settings_t *settings = call->settings;
    if (settings->mail && settings->public_url && settings->secret) {
        return NULL;
    }
    return orders_problem_logged(
        call->pool, ORDERS_E_not_configured,
        "mailing pay links needs OrdersMail, OrdersPublicURL and OrdersSecretFile");
}

/*
 * The specification has no error for a missing field: without a key the caller is not authenticated, without a number the order
 * is not found, without an address the address is invalid.
 */
orders_problem_t *orders_company_send_link(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_written_t *written;
    orders_company_body_t body = {NULL};
    orders_problem_t *problem = orders_company_read(call, &input);
    if (problem) {
        return orders_company_replace_missing(problem, ORDERS_E_unauthenticated);
    }
    ORDERS_TRY(orders_company_identify(call, input));
    problem = orders_company_fields(call, input, &body);
    if (problem) {
        return orders_company_replace_missing(problem, ORDERS_E_not_found);
    }
    const char *email = body.email;
    ORDERS_TRY(check_configured(call));
    ORDERS_TRY(orders_call_writer(&writer, call, "seller", NULL));
    ORDERS_TRY(orders_pay_link_send(&writer, body.order_number,
                                    email && orders_is_ascii_mail_address(email) ? email : NULL,
                                    &call->settings->mail_limits, &written));
    reply->replayed = written->replayed;
    orders_company_reply_empty(call, reply);
    return NULL;
}

static void write_success(orders_json_t *json, const orders_linked_order_t *linked)
{
    const orders_order_t *order = linked->order;
    const orders_company_t *company = order->of.company;
    orders_json_key(json, "order");
    orders_json_begin_object(json);
    orders_json_member_string(json, "number", order->number);
    orders_json_member_string(json, "payment_method", orders_company_method(order));
    orders_json_member_string(json, "transaction", orders_company_transaction(order));
    orders_json_member_string(json, "currency", order->currency);
    orders_member_amount(json, "total", order, order->total);
    orders_json_member_string(json, "retailer", company ? company->name : NULL);
    orders_json_member_string(json, "payer", order->payer);
    orders_json_end_object(json);
}

/* The payment was refused by the provider, or by this server because the order can no longer be paid. */
static void write_failure(orders_json_t *json, const orders_linked_order_t *linked)
{
    const orders_order_t *order = linked->order;
    const orders_payment_t *payment = orders_latest_payment(order);
    bool provider = linked->declined && payment;
    orders_json_key(json, "fail");
    orders_json_begin_object(json);
    orders_json_member_string(json, "refused_by", provider ? "PayPal" : "Server");
    orders_json_member_string(
        json, "code", provider && payment->failure_code ? payment->failure_code : order->state);
    orders_json_member_string(json, "description",
                              provider && payment->failure_message
                                  ? payment->failure_message
                                  : "The order can no longer be paid.");
    orders_json_end_object(json);
}

typedef struct result_t {
    const char *link_state, *status;
    void (*write)(orders_json_t *json,
                  const orders_linked_order_t *linked); /* further members; or NULL */
} result_t;

/* By the state of the link. `over` also if a payment arrived too late and was refunded. */
static const result_t results[] = {
    {"paid", "success", write_success}, {"refunded", "success", write_success},
    {"failed", "fail", write_failure},  {"over", "fail", write_failure},
    {"unpaid", "info", NULL},           {"confirming", "info", NULL},
};

static const result_t *result_of(const orders_linked_order_t *linked)
{
    for (size_t i = 0; i < ORDERS_COUNT(results); i++) {
        if (orders_outcome_is(linked->link_state, results[i].link_state)) {
            return &results[i];
        }
    }
    return NULL;
}

orders_problem_t *orders_company_result(orders_call_t *call, orders_reply_t *reply)
{
    int64_t id;
    orders_linked_order_t *linked;
    ORDERS_TRY(orders_pay_link_read_token(&id, call->param[0], call->settings, call->pool));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_pay_link_read(&reader, id, &linked));
    const orders_order_t *order = linked->order;
    const result_t *result = result_of(linked);
    if (!result) {
        return orders_problem_logged(call->pool, ORDERS_E_internal_error,
                                     "unknown state of a pay link");
    }
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_member_unix_time(reply->json, "date",
                            order->paid_at ? order->paid_at : order->updated_at);
    orders_json_member_string(reply->json, "status", result->status);
    if (result->write) {
        result->write(reply->json, linked);
    }
    orders_json_end_object(reply->json);
    return NULL;
}
