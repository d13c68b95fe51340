/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of the user API. Members that its specification declares as pointers are null when they are empty, never absent. */
#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/user/user.h"
#include "core/etag.h"
#include "core/time.h"

static void write_line(orders_json_t *json, const orders_order_t *order, const orders_line_t *line)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", line->id);
    orders_json_member_int(json, "order_id", order->id);
    orders_json_member_string(json, "item_type", line->kind);
    orders_member_id(json, "item_id", line->item_id);
    orders_json_member_string(json, "name", line->title);
    orders_json_member_int(json, "quantity", line->quantity);
    orders_json_member_int(json, "unit_price_cents", line->unit_price);
    orders_json_member_string(json, "currency", line->currency);
    orders_json_member_int(json, "subtotal_cents", line->subtotal);
    orders_member_object(json, "metadata", line->metadata);
    orders_member_unix_time(json, "created_at", line->created_at);
    orders_json_end_object(json);
}

static void write_refund(orders_json_t *json, const orders_order_t *order,
                         const orders_refund_t *refund)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", refund->id);
    orders_json_member_int(json, "order_id", order->id);
    orders_json_member_int(json, "amount_cents", refund->amount);
    orders_json_member_string(json, "reason", refund->reason);
    orders_json_member_string(json, "reference", refund->reference);
    orders_member_object(json, "metadata", refund->metadata);
    orders_member_unix_time(json, "created_at", refund->created_at);
    orders_json_end_object(json);
}

/* The member `metadata`: the stored object, with the member `name` added in front unless `text` is NULL. */
static void member_metadata(orders_json_t *json, orders_document_t stored, const char *name,
                            const char *text, apr_pool_t *pool)
{
    if (!text) {
        orders_member_object(json, "metadata", stored);
        return;
    }
    orders_json_t *quoted = orders_json_open(pool);
    apr_size_t length;
    orders_json_string(quoted, text);
    const char *all =
        apr_pstrcat(pool, "{\"", name, "\": ", orders_json_text(quoted, pool, &length),
                    stored.length > 2 ? ", " : "", stored.length > 2 ? stored.text + 1 : "}", NULL);
    orders_json_member_raw(json, "metadata", all, strlen(all));
}

/* The status of one payment. A closed payment is `failed`: the order can still be paid, but not by this payment. */
static const char *payment_status_value(const char *status)
{
    static const struct {
        const char *status, *shown;
    } projection[] = {{"paid", "succeeded"}, {"failed", "failed"}, {"closed", "failed"}};
    for (size_t i = 0; i < ORDERS_COUNT(projection); i++) {
        if (strcmp(projection[i].status, status) == 0) {
            return projection[i].shown;
        }
    }
    return "pending";
}

static void write_payment(orders_json_t *json, const orders_order_t *order,
                          const orders_payment_t *payment, apr_pool_t *pool)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", payment->id);
    orders_json_member_int(json, "order_id", order->id);
    orders_json_member_string(json, "provider", payment->provider);
    orders_json_member_string(json, "method", payment->method);
    orders_json_member_string(json, "intent_id", payment->intent_id);
    orders_json_member_string(json, "reference", payment->reference);
    orders_json_member_string(json, "status", payment_status_value(payment->status));
    orders_json_member_int(json, "amount_cents", payment->amount);
    orders_json_member_string(json, "currency", payment->currency);
    orders_json_member_string(json, "failure_code", payment->failure_code);
    orders_json_member_string(json, "failure_message", payment->failure_message);
    member_metadata(json, payment->metadata, "pay_url", payment->pay_url, pool);
    orders_member_unix_time(json, "created_at", payment->created_at);
    orders_member_unix_time(json, "updated_at", payment->updated_at);
    orders_json_end_object(json);
}

/* Members of the latest payment. They are null for an order without payments, which has a total of 0. */
static void members_of_payment(orders_json_t *json, const orders_order_t *order)
{
    static const orders_payment_t none;
    const orders_payment_t *payment = orders_latest_payment(order);
    payment = payment ? payment : &none;
    orders_json_member_string(json, "payment_intent_id", payment->intent_id);
    orders_json_member_string(json, "payment_reference", payment->reference);
    orders_json_member_string(json, "payment_failure_code", payment->failure_code);
    orders_json_member_string(json, "payment_failure_message", payment->failure_message);
}

static int64_t plan_of(const orders_order_t *order)
{
    for (int i = 0; i < order->of.lines->nelts; i++) {
        const orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, i, orders_line_t);
        if (strcmp(line->kind, "plan") == 0) {
            return line->item_id;
        }
    }
    return 0;
}

static void member_children(orders_json_t *json, const orders_order_t *order, apr_pool_t *pool)
{
    orders_json_key(json, "items");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.lines->nelts; i++) {
        write_line(json, order, &APR_ARRAY_IDX(order->of.lines, i, orders_line_t));
    }
    orders_json_end_array(json);
    orders_json_key(json, "refunds");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.refunds->nelts; i++) {
        write_refund(json, order, &APR_ARRAY_IDX(order->of.refunds, i, orders_refund_t));
    }
    orders_json_end_array(json);
    orders_json_key(json, "payments");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.payments->nelts; i++) {
        write_payment(json, order, &APR_ARRAY_IDX(order->of.payments, i, orders_payment_t), pool);
    }
    orders_json_end_array(json);
}

void orders_user_write_order(orders_json_t *json, const orders_order_t *order, apr_pool_t *pool)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", order->id);
    orders_json_member_string(json, "number", order->number);
    orders_json_member_int(json, "user_id", order->user_id);
    orders_json_member_string(json, "status", orders_project(orders_user_status, order));
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_user_payment_status, order));
    members_of_payment(json, order);
    orders_json_member_int(json, "total_cents", order->total);
    orders_json_member_string(json, "currency", order->currency);
    orders_json_member_string(json, "payment_method", orders_user_method_name(order->method));
    orders_member_id(json, "plan_id", plan_of(order));
    orders_json_member_raw(json, "plan_snapshot", order->snapshot.text,
                           (apr_size_t)order->snapshot.length);
    member_metadata(json, order->metadata, "cancel_reason", order->cancel_reason, pool);
    orders_member_unix_time(json, "paid_at", order->paid_at);
    orders_member_unix_time(json, "cancelled_at", order->cancelled_at);
    orders_json_member_int(json, "refunded_cents", order->refunded);
    orders_member_unix_time(json, "refunded_at", order->refunded_at);
    orders_member_unix_time(json, "created_at", order->created_at);
    orders_member_unix_time(json, "updated_at", order->updated_at);
    member_children(json, order, pool);
    orders_json_end_object(json);
}

void orders_user_write_payment_status(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "order_id", order->id);
    orders_json_member_string(json, "status", orders_project(orders_user_status, order));
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_user_payment_status, order));
    orders_json_member_string(json, "payment_method", orders_user_method_name(order->method));
    members_of_payment(json, order);
    orders_member_unix_time(json, "paid_at", order->paid_at);
    orders_member_unix_time(json, "cancelled_at", order->cancelled_at);
    orders_json_member_int(json, "refunded_cents", order->refunded);
    orders_member_unix_time(json, "refunded_at", order->refunded_at);
    orders_member_unix_time(json, "updated_at", order->updated_at);
    orders_json_end_object(json);
}

static void write_balance(orders_json_t *json, const orders_order_t *order,
                          const orders_balance_t *balance)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "user_id", balance ? balance->user_id : order->user_id);
    orders_json_member_int(json, "balance_cents", balance ? balance->amount : 0);
    orders_json_member_string(json, "currency", order->currency);
    orders_json_member_int(
        json, "updated_at",
        orders_time_unix(balance && balance->updated_at ? balance->updated_at : order->created_at));
    orders_json_end_object(json);
}

/* For a posting without a reference, `reference` names its order. */
static void write_transaction(orders_json_t *json, const orders_posting_t *posting,
                              const orders_order_t *order, apr_pool_t *pool)
{
    if (!posting) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", posting->id);
    orders_json_member_string(json, "entry_type", posting->type);
    orders_json_member_int(json, "amount_cents", posting->amount);
    orders_json_member_string(json, "currency", posting->currency);
    orders_json_member_int(json, "balance_after_cents", posting->balance_after);
    orders_json_member_string(
        json, "reference",
        posting->reference ? posting->reference : apr_pstrcat(pool, "order:", order->number, NULL));
    orders_json_member_string(json, "description", posting->description);
    orders_member_object(json, "metadata", posting->metadata);
    orders_member_unix_time(json, "created_at", posting->created_at);
    orders_json_end_object(json);
}

/* The response also shows the balance, which other orders change. */
static const char *make_etag(apr_pool_t *pool, const orders_order_t *order,
                             const orders_balance_t *balance, const orders_posting_t *posting)
{
    const char *rest = apr_psprintf(
        pool, "%" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_INT64_T_FMT,
        (apr_int64_t)order->id, (apr_int64_t)(balance ? balance->amount : 0),
        (apr_int64_t)(balance ? balance->updated_at : 0), (apr_int64_t)(posting ? posting->id : 0));
    return orders_etag(pool, order->id, order->version, rest);
}

orders_problem_t *orders_user_reply(const orders_call_t *call, const orders_order_t *order,
                                    bool replayed, orders_reply_t *reply)
{
    if (!order) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    const orders_balance_t *balance = order->of.balance;
    const orders_posting_t *posting = order->of.posting;
    orders_json_t *json = orders_json_open(call->pool);
    orders_json_begin_object(json);
    orders_json_key(json, "order");
    orders_user_write_order(json, order, call->pool);
    orders_json_key(json, "balance");
    write_balance(json, order, balance);
    orders_json_key(json, "transaction");
    write_transaction(json, posting, order, call->pool);
    orders_json_end_object(json);
    reply->json = json;
    reply->etag = make_etag(call->pool, order, balance, posting);
    reply->replayed = replayed;
    return NULL;
}
