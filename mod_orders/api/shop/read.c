/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: the list, one order, its shipment. */
#include <apr_strings.h>

#include "api/common/members.h"
#include "api/shop/shop.h"
#include "core/etag.h"
#include "core/language.h"
#include "core/page.h"
#include "core/text.h"
#include "store/buyer.h"

const orders_page_rules_t orders_shop_pages = {
    .page = "page",
    .size = "limit",
    .default_size = 20,
    .max_size = 100,
};

static const apr_array_header_t *languages_of(const orders_call_t *call)
{
    return orders_languages(call->pool, call->accept_language, ORDERS_SHOP_LANGUAGE);
}

/* Vary, because the labels depend on the language, and Content-Language with the languages of the labels. */
static void set_language_headers(orders_reply_t *reply, const orders_shop_view_t *view,
                                 apr_pool_t *pool)
{
    apr_table_setn(reply->headers, "Vary", "Accept-Language");
    const char *list = NULL;
    for (int i = 0; i < view->languages->nelts; i++) {
        const char *language = APR_ARRAY_IDX(view->languages, i, const char *);
        list = list ? apr_pstrcat(pool, list, ", ", language, NULL) : language;
    }
    if (list) {
        apr_table_setn(reply->headers, "Content-Language", list);
    }
}

static void write_list(orders_json_t *json, const orders_order_list_t *found,
                       const orders_page_t *page, const orders_shop_view_t *view)
{
    orders_json_begin_object(json);
    orders_json_key(json, "data");
    orders_json_begin_array(json);
    for (int i = 0; i < found->orders->nelts; i++) {
        orders_shop_write_entry(json, &APR_ARRAY_IDX(found->orders, i, orders_order_t), view);
    }
    orders_json_end_array(json);
    orders_json_key(json, "pagination");
    orders_json_begin_object(json);
    orders_json_member_int(json, "page", page->page);
    orders_json_member_int(json, "perPage", page->size);
    orders_json_member_int(json, "totalItems", found->total_count);
    orders_json_end_object(json);
    orders_json_end_object(json);
}

orders_problem_t *orders_shop_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    orders_order_list_t *found;
    ORDERS_TRY(orders_call_query(&input, call));
    ORDERS_TRY(orders_call_page(&page, call, input, "shop.list"));
    const orders_buyer_list_t list = {
        .view = ORDERS_BUYER_SHOP,
        .user_id = call->identity->user_id,
        .size = page.size,
        .offset = page.offset,
        .languages = languages_of(call),
    };
    ORDERS_TRY(orders_buyer_list(&reader, &list, &found));
    orders_shop_view_t view = orders_shop_view(call->pool, found->labels);
    reply->json = orders_json_open(call->pool);
    write_list(reply->json, found, &page, &view);
    orders_reply_total(reply, found->total_count, call->pool);
    set_language_headers(reply, &view, call->pool);
    return NULL;
}

static orders_problem_t *read_order(const orders_call_t *call, orders_buyer_view_e columns,
                                    orders_order_t **order, apr_array_header_t **labels)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_buyer_read_t read = {
        .view = columns,
        .user_id = call->identity->user_id,
        .public_id = call->param[0],
        .languages = languages_of(call),
    };
    if (!orders_text_is_uuid(read.public_id)) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    return orders_buyer_read(&reader, &read, order, labels);
}

typedef void (*writer_t)(orders_json_t *json, const orders_order_t *order,
                         const orders_shop_view_t *view);

/* {"data": …}. The ETag covers the whole response, because labels and names can change without a new version of the order. */
static void reply_with(writer_t write, const orders_call_t *call, const orders_order_t *order,
                       const apr_array_header_t *labels, orders_reply_t *reply)
{
    orders_shop_view_t view = orders_shop_view(call->pool, labels);
    apr_size_t length;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "data");
    write(reply->json, order, &view);
    orders_json_end_object(reply->json);
    reply->etag = orders_etag(call->pool, order->id, order->version,
                              orders_json_text(reply->json, call->pool, &length));
    set_language_headers(reply, &view, call->pool);
}

orders_problem_t *orders_shop_detail(orders_call_t *call, orders_reply_t *reply)
{
    orders_order_t *order;
    apr_array_header_t *labels;
    ORDERS_TRY(read_order(call, ORDERS_BUYER_SHOP, &order, &labels));
    reply_with(orders_shop_write_order, call, order, labels, reply);
    return NULL;
}

orders_problem_t *orders_shop_shipment(orders_call_t *call, orders_reply_t *reply)
{
    orders_order_t *order;
    apr_array_header_t *labels;
    ORDERS_TRY(read_order(call, ORDERS_BUYER_SHOP_SHIPMENT, &order, &labels));
    const orders_shipment_t *shipment = order->of.shipment;
    if (!shipment || !shipment->shipped_at) {
        return orders_problem(call->pool, ORDERS_E_not_found,
                              "The order has not been shipped yet.");
    }
    reply_with(orders_shop_write_shipment, call, order, labels, reply);
    return NULL;
}
