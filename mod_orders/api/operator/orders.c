/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: orders. */
#include <apr_strings.h>

#include "api/common/cancel.h"
#include "api/common/projection.h"
#include "api/operator/operator.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "core/etag.h"
#include "core/format.h"
#include "core/time.h"
#include "store/payment.h"

#define SEARCH_CONTEXT "operator.orders"

const char *const orders_operator_order_apis[] = {"user",     "company",  "shop",
                                                  "customer", "commerce", NULL};

typedef struct search_query_t {
    const char *status, *payment, *fulfilment, *dialect, *user, *number, *from, *to, *q;
} search_query_t;

static const orders_field_t query_fields[] = {
    ORDERS_FIELD(search_query_t, ENUM, status, .values = orders_order_states),
    ORDERS_FIELD(search_query_t, ENUM, payment, .values = orders_payment_states),
    ORDERS_FIELD(search_query_t, ENUM, fulfilment, .values = orders_fulfilment_states),
    ORDERS_FIELD(search_query_t, ENUM, dialect, .values = orders_operator_order_apis),
    ORDERS_FIELD(search_query_t, STRING, user, .max = 255),
    ORDERS_FIELD(search_query_t, STRING, number, .max = 64),
    ORDERS_FIELD(search_query_t, STRING, from, .max = 40, .format = &orders_format_day_or_time),
    ORDERS_FIELD(search_query_t, STRING, to, .max = 40, .format = &orders_format_day_or_time),
    ORDERS_FIELD(search_query_t, STRING, q, .max = 100),
};
const orders_field_table_t orders_operator_search_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);

/* One end of a period: a day in the time zone of the tenant, or a time; NULL or "": no end. */
static orders_problem_t *read_end(apr_pool_t *pool, const char *text, const char **day,
                                  apr_time_t *time)
{
    apr_time_t ignored;
    if (!text || !*text) {
        return NULL;
    }
    if (orders_date_parse(text, &ignored)) {
        *day = text;
        return NULL;
    }
    return orders_time_parse(text, time) ? NULL
                                         : orders_problem(pool, ORDERS_E_internal_error, NULL);
}

static orders_problem_t *read_search(const orders_call_t *call, orders_search_t *search)
{
    orders_input_t *input;
    orders_page_t page;
    search_query_t query = {0};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool,
                         orders_call_page(&page, call, input, SEARCH_CONTEXT));
    ORDERS_TRY(problem);
    ORDERS_TRY(read_end(call->pool, query.from, &search->from_day, &search->from));
    ORDERS_TRY(read_end(call->pool, query.to, &search->to_day, &search->to));
    search->size = page.size;
    search->before_id = page.has_cursor ? page.cursor.id : 0;
    search->state = query.status;
    search->payment_state = query.payment;
    search->fulfilment_state = query.fulfilment;
    search->api = query.dialect;
    search->user = orders_or_null(query.user);
    search->number = orders_or_null(query.number);
    search->text = orders_or_null(query.q);
    return NULL;
}

static void write_next(const orders_call_t *call, const orders_order_list_t *found,
                       orders_reply_t *reply)
{
    const orders_order_t *last = orders_last(found->orders);
    orders_cursor_t cursor = {.key = last ? last->created_at : 0, .id = last ? last->id : 0};
    if (found->searched_to) {
        cursor.id = found->searched_to;
    }
    orders_operator_write_next(call, reply, found->more && cursor.id ? &cursor : NULL,
                               SEARCH_CONTEXT);
}

/*
 * A text search reads thousands of rows, so the session limit of one user applies to the searches of all operators together.
 * References of users contain no tab.
 */
#define ALL_SEARCHES "\tsearches"

orders_problem_t *orders_operator_search(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_search_t search = {0};
    orders_order_list_t *found;
    ORDERS_TRY(read_search(call, &search));
    if (search.text) {
        call->count_for(call, 0, ALL_SEARCHES);
    }
    ORDERS_TRY(orders_order_search(&reader, &search, &found));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "orders");
    orders_json_begin_array(reply->json);
    for (int i = 0; i < found->orders->nelts; i++) {
        orders_canonical_write_order(reply->json, &APR_ARRAY_IDX(found->orders, i, orders_order_t),
                                     ORDERS_CANONICAL_WITH_PAY_LINKS);
    }
    orders_json_end_array(reply->json);
    write_next(call, found, reply);
    orders_json_end_object(reply->json);
    return NULL;
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static const char *person_of(apr_pool_t *pool, const orders_user_t *user)
{
    return user ? apr_pstrcat(pool, text_of(user->ref), "\n", text_of(user->name), "\n",
                              text_of(user->email), NULL)
                : "";
}

/*
 * The response also shows data that can change without a new version of the order: the names and addresses of its users and its
 * company, the number of its bill (issued by the worker), and whether its shipment is late.
 */
static const char *etag_of(apr_pool_t *pool, const orders_order_t *order)
{
    const orders_company_t *company = order->of.company;
    const orders_shipment_t *shipment = order->of.shipment;
    const char *rest =
        apr_psprintf(pool, "operator %" APR_INT64_T_FMT " %d %s %s\n%s\n%s\n%s",
                     (apr_int64_t)order->id, shipment && shipment->late, text_of(order->bill_no),
                     person_of(pool, order->of.buyer), person_of(pool, order->of.agent),
                     company ? text_of(company->ref) : "", company ? text_of(company->name) : "");
    return orders_etag(pool, order->id, order->version, rest);
}

orders_problem_t *orders_operator_reply(const orders_call_t *call, const orders_order_t *order,
                                        bool replayed, orders_reply_t *reply)
{
    if (!order) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    reply->json = orders_json_open(call->pool);
    orders_canonical_write_order(reply->json, order, ORDERS_CANONICAL_WITH_PAY_LINKS);
    reply->etag = etag_of(call->pool, order);
    reply->replayed = replayed;
    return NULL;
}

orders_problem_t *orders_operator_read(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_order_t *order;
    ORDERS_TRY(orders_order_find(&reader, call->param[0], &order));
    return orders_operator_reply(call, order, false, reply);
}

typedef struct pay_t {
    const char *reference, *method;
} pay_t;

static const orders_field_t pay_fields[] = {
    ORDERS_FIELD(pay_t, STRING, reference, .max = 255),
    ORDERS_FIELD(pay_t, STRING, method, .max = 40),
};
const orders_field_table_t orders_operator_pay_fields =
    ORDERS_FIELD_TABLE(pay_fields, .exactly = true);

orders_problem_t *orders_operator_pay(orders_call_t *call, orders_reply_t *reply)
{
    pay_t body = {NULL, NULL};
    orders_writer_t writer;
    orders_written_t *written;
    orders_settle_t settle = {.order = {.text = call->param[0]}};
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &settle.match));
    settle.reference = orders_or_null(body.reference);
    settle.method = orders_or_null(body.method);
    ORDERS_TRY(orders_payment_settle(&writer, &settle, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

orders_problem_t *orders_operator_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_cancel_t cancel = {.order = {.text = call->param[0]}};
    ORDERS_TRY(orders_cancel_read(&cancel, &writer, call, "operator"));
    cancel.without_refund = !(call->identity->scopes & ORDERS_SCOPE_OPERATOR_MONEY);
    ORDERS_TRY(orders_order_cancel(&writer, &cancel, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}
