/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: the list, an order's tracking and its summary, and its bill. */
#include <apr_strings.h>

#include "api/common/invoice_reply.h"
#include "api/common/members.h"
#include "api/customer/bill_link.h"
#include "api/customer/customer.h"
#include "core/etag.h"
#include "core/number.h"
#include "core/page.h"
#include "store/buyer.h"

/* A client cannot choose the size of a page. */
const orders_page_rules_t orders_customer_pages = {
    .page = "page",
    .default_size = 15,
    .max_size = 100,
};

orders_problem_t *orders_customer_id(int64_t *id, const orders_call_t *call)
{
    *id = orders_number_id(call->param[0]);
    return *id ? NULL : orders_problem(call->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_customer_read(orders_order_t **order, orders_buyer_view_e view,
                                       const orders_call_t *call)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_buyer_read_t read = {.view = view, .user_id = call->identity->user_id};
    apr_array_header_t *labels;
    ORDERS_TRY(orders_customer_id(&read.order_id, call));
    return orders_buyer_read(&reader, &read, order, &labels);
}

static void member_pagination(orders_json_t *json, const orders_page_t *page, int count,
                              int64_t total)
{
    int64_t pages = (total + page->size - 1) / page->size;
    orders_json_key(json, "pagination");
    orders_json_begin_object(json);
    orders_json_member_int(json, "total", total);
    orders_json_member_int(json, "count", count);
    orders_json_member_int(json, "limit", page->size);
    orders_json_member_int(json, "current_page", page->page);
    orders_json_member_int(json, "total_pages", pages > 0 ? pages : 1);
    orders_json_end_object(json);
}

orders_problem_t *orders_customer_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    orders_order_list_t *found;
    ORDERS_TRY(orders_call_query(&input, call));
    ORDERS_TRY(orders_call_page(&page, call, input, "customer.list"));
    const orders_buyer_list_t list = {
        .view = ORDERS_BUYER_CUSTOMER,
        .user_id = call->identity->user_id,
        .size = page.size,
        .offset = page.offset,
    };
    ORDERS_TRY(orders_buyer_list(&reader, &list, &found));
    orders_json_t *json = reply->json = orders_json_open(call->pool);
    orders_customer_begin_data(json);
    orders_json_key(json, "orders");
    orders_json_begin_array(json);
    for (int i = 0; i < found->orders->nelts; i++) {
        orders_customer_write_entry(json, &APR_ARRAY_IDX(found->orders, i, orders_order_t));
    }
    orders_json_end_array(json);
    member_pagination(json, &page, found->orders->nelts, found->total_count);
    orders_reply_total(reply, found->total_count, call->pool);
    orders_customer_end_data(json);
    return NULL;
}

/* `order` is an array with one entry. */
static void begin_order(orders_json_t *json)
{
    orders_customer_begin_data(json);
    orders_json_key(json, "order");
    orders_json_begin_array(json);
}

/* The ETag covers the whole response, which also depends on the time and on the catalogue. */
static void end_order(const orders_call_t *call, const orders_order_t *order, orders_reply_t *reply)
{
    apr_size_t length;
    orders_json_end_array(reply->json);
    orders_customer_end_data(reply->json);
    reply->etag = orders_etag(call->pool, order->id, order->version,
                              orders_json_text(reply->json, call->pool, &length));
}

orders_problem_t *orders_customer_tracking(orders_call_t *call, orders_reply_t *reply)
{
    orders_order_t *order;
    ORDERS_TRY(orders_customer_read(&order, ORDERS_BUYER_CUSTOMER, call));
    reply->json = orders_json_open(call->pool);
    begin_order(reply->json);
    orders_customer_write_tracking(reply->json, order);
    end_order(call, order, reply);
    return NULL;
}

typedef struct summary_query_t {
    const char *lang_code;
} summary_query_t;

static const orders_field_t summary_fields[] = {
    ORDERS_FIELD(summary_query_t, STRING, lang_code, .max = 35),
};
const orders_field_table_t orders_customer_summary_query = ORDERS_FIELD_TABLE(summary_fields);

orders_problem_t *orders_customer_summary(orders_call_t *call, orders_reply_t *reply)
{
    orders_order_t *order;
    orders_input_t *input;
    summary_query_t query = {NULL};
    ORDERS_TRY(orders_call_query(&input, call));
    ORDERS_TRY(orders_call_decode_query(call, input, &query));
    ORDERS_TRY(orders_customer_read(&order, ORDERS_BUYER_CUSTOMER_SUMMARY, call));
    reply->json = orders_json_open(call->pool);
    begin_order(reply->json);
    orders_customer_write_summary(reply->json, order, orders_or_null(query.lang_code), call->pool);
    end_order(call, order, reply);
    return NULL;
}

orders_problem_t *orders_customer_bill(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_invoice_t *bill;
    const char *url;
    int64_t id;
    ORDERS_TRY(orders_customer_id(&id, call));
    ORDERS_TRY(orders_buyer_bill(&reader, call->identity->user_id, id, &bill));
    ORDERS_TRY(orders_bill_link_url(&url, id, call));
    orders_json_t *json = reply->json = orders_json_open(call->pool);
    orders_json_begin_object(json);
    orders_json_member_bool(json, "success", true);
    orders_json_member_string(json, "message", "E-bill has been generated");
    orders_json_member_string(json, "pdf_url", url);
    orders_json_member_raw(json, "data", "[]", 2);
    orders_json_end_object(json);
    return NULL;
}

static orders_problem_t *read_bill(const orders_invoice_t **bill, const orders_call_t *call,
                                   void *order_id)
{
    orders_reader_t reader = orders_call_reader(call);
    return orders_buyer_bill(&reader, 0, *(const int64_t *)order_id, bill);
}

/* The token in the URL authorizes the request; there is no other authentication. */
orders_problem_t *orders_customer_bill_pdf(orders_call_t *call, orders_reply_t *reply)
{
    int64_t id;
    ORDERS_TRY(orders_bill_link_read(&id, call->param[0], call));
    return orders_invoice_reply(call, read_bill, &id, reply);
}
