/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The customer API: cancelling, returning and reordering. Cancelling and reordering are GET in the specification: browsers,
 * proxies and scanners expect GET to be safe, so HEAD and prefetches do nothing.
 */
#include <apr_strings.h>
#include <jansson.h>

#include "api/common/cancel.h"
#include "api/common/members.h"
#include "api/customer/customer.h"
#include "store/buyer.h"
#include "store/returns.h"

/* HEAD only checks that the order exists: `*done`. A prefetch is refused. */
static orders_problem_t *check_may_act(bool *done, const orders_call_t *call)
{
    orders_order_t *order;
    *done = call->head;
    if (orders_call_is_prefetch(call)) {
        return orders_problem(call->pool, ORDERS_E_prefetch, NULL);
    }
    return call->head ? orders_customer_read(&order, ORDERS_BUYER_CUSTOMER, call) : NULL;
}

/* A POST may have a reason and a condition, a GET has neither. */
static orders_problem_t *read_cancel(orders_cancel_t *cancel, orders_writer_t *writer,
                                     orders_call_t *call)
{
    if (call->route->body) {
        return orders_cancel_read(cancel, writer, call, "buyer");
    }
    ORDERS_TRY(orders_call_match(call, &cancel->match));
    return orders_call_writer(writer, call, "buyer", NULL);
}

orders_problem_t *orders_customer_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_cancel_t cancel = {.user_id = call->identity->user_id};
    bool done;
    ORDERS_TRY(check_may_act(&done, call));
    if (done) {
        return NULL;
    }
    ORDERS_TRY(read_cancel(&cancel, &writer, call));
    ORDERS_TRY(orders_customer_id(&cancel.order.id, call));
    ORDERS_TRY(orders_order_cancel(&writer, &cancel, &written));
    orders_customer_reply_message(call, reply, "Order has been cancelled");
    reply->replayed = written->replayed;
    return NULL;
}

/* `stored` has the titles of products that are no longer sold. */
static const char *reorder_message(const orders_stored_t *stored, apr_pool_t *pool)
{
    json_t *titles = orders_document_json(stored->document);
    const char *names = orders_customer_names(titles, pool);
    json_decref(titles);
    return names ? apr_pstrcat(pool, "Added to cart. No longer sold: ", names, ".", NULL)
                 : "Added to cart";
}

orders_problem_t *orders_customer_reorder(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_stored_t *stored;
    int64_t id;
    bool done;
    ORDERS_TRY(check_may_act(&done, call));
    if (done) {
        return NULL;
    }
    ORDERS_TRY(orders_call_body(&input, call));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    ORDERS_TRY(orders_customer_id(&id, call));
    ORDERS_TRY(orders_buyer_reorder(&writer, call->identity->user_id, id, &stored));
    orders_customer_reply_message(call, reply, reorder_message(stored, call->pool));
    reply->replayed = stored->replayed;
    return NULL;
}

typedef struct return_body_t {
    uint64_t order_id;
    apr_array_header_t *order_items_id; /* of int64_t */
    const char *return_reason;
} return_body_t;

static const orders_field_t return_fields[] = {
    ORDERS_FIELD(return_body_t, UINT64, order_id, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(return_body_t, IDS, order_items_id, .flags = ORDERS_FIELD_REQUIRED, .min = 1,
                 .max = 500),
    ORDERS_FIELD(return_body_t, STRING, return_reason,
                 .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_MULTILINE, .max = 1000),
};
const orders_field_table_t orders_customer_return_fields = ORDERS_FIELD_TABLE(return_fields);

static bool named_before(const apr_array_header_t *ids, int at)
{
    for (int i = 0; i < at; i++) {
        if (APR_ARRAY_IDX(ids, i, int64_t) == APR_ARRAY_IDX(ids, at, int64_t)) {
            return true;
        }
    }
    return false;
}

/* [{"id": 101}]: without a quantity, SQL returns all remaining items of a line. Repeated ids have no further effect. */
static const char *lines_text(const apr_array_header_t *ids, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;
    orders_json_begin_array(json);
    for (int i = 0; i < ids->nelts; i++) {
        if (named_before(ids, i)) {
            continue;
        }
        orders_json_begin_object(json);
        orders_json_member_int(json, "id", APR_ARRAY_IDX(ids, i, int64_t));
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
    return orders_json_text(json, pool, &length);
}

orders_problem_t *orders_customer_return(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    return_body_t body = {0};
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    orders_return_request_t request = {
        .order = {.id = (int64_t)body.order_id},
        .user_id = call->identity->user_id,
        .lines = lines_text(body.order_items_id, call->pool),
        .reason = body.return_reason,
        .window = call->settings->return_window,
    };
    if (!request.order.id) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(orders_call_match(call, &request.match));
    ORDERS_TRY(orders_return_request(&writer, &request, &written));
    orders_customer_reply_message(call, reply, "Order return initiated successfully");
    reply->replayed = written->replayed;
    return NULL;
}
