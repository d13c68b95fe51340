/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The company API: payment by a pay link. The buyer continues from our page to the provider's page, and returns to ours, which
 * captures the payment. No database session is held during a call of the provider. A repeated request has no further effect.
 */
#include <apr_strings.h>
#include <string.h>

#include "api/company/company.h"
#include "api/company/pages.h"
#include "core/money.h"
#include "payments/pay_link.h"
#include "payments/payment_flow.h"
#include "store/pay_link.h"

static orders_problem_t *read_link(const orders_call_t *call, orders_linked_order_t **linked)
{
    int64_t id;
    ORDERS_TRY(orders_pay_link_read_token(&id, call->param[0], call->settings, call->pool));
    orders_reader_t reader = orders_call_reader(call);
    return orders_pay_link_read(&reader, id, linked);
}

/* The pages, by the state of the link (orders_v1.pay_link_state). */
static const struct {
    const char *link_state, *title, *message, *button;
} pages[] = {
    {"over", "This order can no longer be paid", "Please ask the seller.", NULL},
    {"refunded", "This order was refunded", NULL, NULL},
    {"paid", "Thank you: the order is paid", "You may close this page.", NULL},
    {"confirming", "Your payment is being confirmed",
     "This can take a while. Please do not pay again.", NULL},
    {"failed", "The payment was declined", "You can try again, or pay in another way.",
     "Try again with PayPal"},
    {"unpaid", "Pay your order", NULL, "Pay with PayPal"},
};

static orders_problem_t *show(const orders_call_t *call, const orders_linked_order_t *linked,
                              orders_reply_t *reply)
{
    const orders_order_t *order = linked->order;
    const orders_company_t *company = order->of.company;
    size_t page = 0;
    while (page < ORDERS_COUNT(pages) &&
           !orders_outcome_is(linked->link_state, pages[page].link_state)) {
        page++;
    }
    if (page == ORDERS_COUNT(pages)) {
        return orders_problem_logged(call->pool, ORDERS_E_internal_error,
                                     "unknown state of a pay link");
    }
    const orders_page_text_t text = {
        .status = 200,
        .title = pages[page].title,
        .message = pages[page].message,
        .button = pages[page].button,
        .seller = company ? company->name : NULL,
        .order_number = order->number,
        .amount =
            orders_money_text(call->pool, order->total, (int)order->exponent, order->currency),
    };
    orders_company_page(call, &text, reply);
    return NULL;
}

orders_problem_t *orders_company_pay_page(orders_call_t *call, orders_reply_t *reply)
{
    orders_linked_order_t *linked;
    ORDERS_TRY(read_link(call, &linked));
    return show(call, linked, reply);
}

/* The absolute URL of a page of this link. */
static const char *page_url(const orders_call_t *call, const char *page)
{
    return apr_pstrcat(call->pool, call->settings->public_url ? call->settings->public_url : "",
                       call->mount, "/transaction/", call->param[0], "/", page, NULL);
}

/* The URL relative to the current page, whose path may end with a slash. Valid behind a proxy or a rewrite too. */
static const char *page_reference(const orders_call_t *call, const char *page)
{
    const char *path = call->sent_path;
    size_t length = path ? strlen(path) : 0;
    return length && path[length - 1] == '/' ? apr_pstrcat(call->pool, "../", page, NULL) : page;
}

static void redirect(const char *url, orders_reply_t *reply)
{
    reply->status = 303;
    apr_table_setn(reply->headers, "Location", url);
}

static orders_writer_t writer_of(const orders_call_t *call)
{
    return (orders_writer_t){
        .database = call->database,
        .pool = call->pool,
        .tenant = call->settings->tenant,
        .api = call->api->name,
        .actor = "provider",
        .route = call->route->name,
    };
}

/* The payment that the buyer continues with. `outcome`: the outcome of the intent of `payment_id`; NULL and 0 without one. */
static orders_problem_t *start_payment(const orders_call_t *call, int64_t order_id,
                                       int64_t payment_id, const char *outcome,
                                       orders_payment_task_t **task)
{
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_pay_link_start(&reader, order_id, payment_id, outcome, task));
    return *task ? NULL : orders_problem(call->pool, ORDERS_E_not_found, NULL);
}

/* Creates the intent and redirects the buyer to the provider's page. */
static orders_problem_t *create_intent(const orders_call_t *call, const orders_payment_task_t *task,
                                       orders_reply_t *reply)
{
    const orders_writer_t writer = writer_of(call);
    const orders_payment_flow_t flow = {&writer, call->providers, call->settings};
    const orders_intent_t intent = {
        .payment = task->payment,
        .order_number = task->order_number,
        .return_url = page_url(call, "return"),
        .cancel_url = page_url(call, "cancel"),
    };
    orders_written_t *written;
    const orders_order_t *order;
    ORDERS_TRY(orders_payment_flow_intent(&flow, &intent, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    const orders_payment_t *made = orders_last(order->of.payments);
    if (!made || !made->pay_url) {
        return orders_problem(call->pool, ORDERS_E_provider_unreachable, NULL);
    }
    redirect(made->pay_url, reply);
    return NULL;
}

static orders_problem_t *open_payment(const orders_call_t *call, int64_t id, orders_reply_t *reply)
{
    orders_payment_task_t *task;
    orders_capture_reply_t polled = {.outcome = NULL};
    ORDERS_TRY(start_payment(call, id, 0, NULL, &task));
    if (!task->payment->intent_id) {
        return create_intent(call, task, reply);
    }
    const orders_writer_t writer = writer_of(call);
    const orders_payment_flow_t flow = {&writer, call->providers, call->settings};
    ORDERS_TRY(orders_payment_flow_poll(&flow, task->payment, &polled));
    ORDERS_TRY(start_payment(call, id, task->payment->id, polled.outcome, &task));
    if (!task->payment->intent_id) {
        return create_intent(call, task, reply);
    }
    const char *pay_url = polled.pay_url ? polled.pay_url : task->payment->pay_url;
    bool waiting = orders_outcome_is(polled.outcome, "waiting") && pay_url;
    redirect(waiting ? pay_url : page_reference(call, "return"), reply);
    return NULL;
}

orders_problem_t *orders_company_pay(orders_call_t *call, orders_reply_t *reply)
{
    int64_t id;
    ORDERS_TRY(orders_pay_link_read_token(&id, call->param[0], call->settings, call->pool));
    orders_problem_t *problem = open_payment(call, id, reply);
    if (problem && problem->error == ORDERS_E_order_not_payable) {
        redirect(page_reference(call, "pay"), reply); /* that page shows the reason */
        return NULL;
    }
    return problem;
}

orders_problem_t *orders_company_return_page(orders_call_t *call, orders_reply_t *reply)
{
    orders_linked_order_t *linked;
    ORDERS_TRY(read_link(call, &linked));
    const orders_payment_t *payment = orders_latest_payment(linked->order);
    if (!orders_call_is_read_only(call) && payment && payment->channel) {
        const orders_writer_t writer = writer_of(call);
        const orders_payment_flow_t flow = {&writer, call->providers, call->settings};
        orders_written_t *written;
        orders_problem_t *problem = orders_payment_flow_capture(&flow, payment, false, &written);
        if (problem && problem->error != ORDERS_E_provider_unreachable) {
            return problem;
        }
        ORDERS_TRY(read_link(call, &linked));
    }
    return show(call, linked, reply);
}

orders_problem_t *orders_company_cancel_page(orders_call_t *call, orders_reply_t *reply)
{
    orders_linked_order_t *linked;
    ORDERS_TRY(read_link(call, &linked));
    if (!orders_outcome_is(linked->link_state, "unpaid")) {
        return show(call, linked, reply);
    }
    const orders_order_t *order = linked->order;
    const orders_page_text_t text = {
        .status = 200,
        .title = "You have not paid",
        .message = "You were not charged. You can still pay this order.",
        .order_number = order->number,
        .amount =
            orders_money_text(call->pool, order->total, (int)order->exponent, order->currency),
        .link = page_reference(call, "pay"),
        .link_text = "Pay the order",
    };
    orders_company_page(call, &text, reply);
    return NULL;
}
