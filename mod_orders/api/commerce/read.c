/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: a member's orders, and the lines of one. */
#include <apr_strings.h>
#include <string.h>

#include "api/commerce/commerce.h"
#include "core/etag.h"
#include "core/page.h"
#include "store/member.h"

const orders_page_rules_t orders_commerce_pages = {
    .size = "limit",
    .default_size = 20,
    .max_size = 100,
};

/* The filters of a list. The specification calls `order_number` NUMBER there; both names are accepted. */
typedef struct filter_t {
    const char *order_number, *number, *period, *category, *uid;
} filter_t;

#define NUMBER "order number"

static const orders_field_t list_fields[] = {
    ORDERS_FIELD(filter_t, STRING, order_number, .flags = ORDERS_FIELD_OR_NUMBER, .max = 64),
    {
        .name = NUMBER,
        .type = ORDERS_FIELD_STRING,
        .flags = ORDERS_FIELD_OR_NUMBER,
        .offset = offsetof(filter_t, number),
        .given = SIZE_MAX,
        .max = 64,
    },
    ORDERS_FIELD(filter_t, STRING, period),
    ORDERS_FIELD(filter_t, ENUM, category, .values = orders_commerce_categories),
    ORDERS_FIELD(filter_t, STRING, uid, .flags = ORDERS_FIELD_OR_NUMBER),
};
const orders_field_table_t orders_commerce_list_fields = ORDERS_FIELD_TABLE(list_fields);

/* White space around a number is ignored. */
static const orders_field_t detail_fields[] = {
    ORDERS_FIELD(filter_t, STRING, order_number,
                 .flags = ORDERS_FIELD_MULTILINE | ORDERS_FIELD_OR_NUMBER),
    ORDERS_FIELD(filter_t, STRING, uid, .flags = ORDERS_FIELD_OR_NUMBER),
};
const orders_field_table_t orders_commerce_detail_fields = ORDERS_FIELD_TABLE(detail_fields);

/* The number must be the same under both names. */
static void join_numbers(orders_problem_t **problem, apr_pool_t *pool, filter_t *filter)
{
    const char *number = orders_or_null(filter->number);
    filter->order_number = orders_or_null(filter->order_number);
    if (number && filter->order_number && strcmp(number, filter->order_number) != 0) {
        orders_problem_field(problem, pool, "order_number", ORDERS_E_invalid_field,
                             "Must have the same value as \"" NUMBER "\".");
    }
    filter->order_number = filter->order_number ? filter->order_number : number;
}

static void read_period(orders_problem_t **problem, apr_pool_t *pool, filter_t *filter,
                        orders_member_list_t *list)
{
    orders_commerce_period_t period;
    filter->period = orders_or_null(filter->period);
    if (!filter->period) {
        return;
    }
    if (!orders_commerce_period(&period, filter->period, pool)) {
        orders_problem_field(problem, pool, "period", ORDERS_E_unknown_word,
                             "Must be today, week, month, year, YYYY-MM or "
                             "YYYY-MM-DD..YYYY-MM-DD.");
        return;
    }
    list->unit = period.unit;
    list->from = period.from;
    list->to = period.to;
}

/* The user whose orders are read: the user of the request, or `uid`. */
static void read_member(orders_problem_t **problem, const orders_call_t *call, const char *uid,
                        const char **member)
{
    *member = orders_commerce_member(call, orders_or_null(uid));
    if (!*member) {
        orders_commerce_refuse_member(problem, call->pool);
    }
}

static orders_problem_t *check_member(const orders_call_t *call, const orders_order_list_t *found)
{
    orders_problem_t *problem = NULL;
    if (!found->member_id) {
        orders_commerce_refuse_member(&problem, call->pool);
    }
    return problem;
}

static orders_problem_t *read_list(orders_call_t *call, filter_t *filter,
                                   orders_member_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    ORDERS_TRY(orders_commerce_query(&input, call));
    orders_problem_t *problem = orders_call_decode(call, input, filter);
    orders_problem_merge(&problem, call->pool,
                         orders_call_page(&page, call, input, "commerce.list"));
    join_numbers(&problem, call->pool, filter);
    read_period(&problem, call->pool, filter, list);
    read_member(&problem, call, filter->uid, &list->member);
    ORDERS_TRY(problem);
    list->size = page.size;
    list->number = filter->order_number;
    list->category = filter->category;
    return NULL;
}

static void member_texts(orders_json_t *json, const char *name, const char *const *texts)
{
    orders_json_key(json, name);
    orders_json_begin_array(json);
    for (; *texts; texts++) {
        orders_json_string(json, *texts);
    }
    orders_json_end_array(json);
}

/* The filters of the request, and the valid periods and categories. */
static void member_filter(orders_json_t *json, const filter_t *filter, int size)
{
    orders_json_key(json, "filter_data");
    orders_json_begin_object(json);
    orders_json_member_string(json, "order_number", filter->order_number);
    orders_json_member_string(json, "period", filter->period);
    orders_json_member_string(json, "category", filter->category);
    orders_json_member_int(json, "limit", size);
    member_texts(json, "periods", orders_commerce_periods);
    member_texts(json, "categories", orders_commerce_categories);
    orders_json_end_object(json);
}

orders_problem_t *orders_commerce_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_member_list_t list = {.size = 0};
    filter_t filter = {NULL};
    orders_order_list_t *found;
    ORDERS_TRY(read_list(call, &filter, &list));
    ORDERS_TRY(orders_member_list(&reader, &list, &found));
    ORDERS_TRY(check_member(call, found));
    orders_json_t *json = reply->json = orders_json_open(call->pool);
    orders_commerce_begin(json);
    orders_json_begin_object(json);
    orders_json_key(json, "orders");
    orders_json_begin_array(json);
    for (int i = 0; i < found->orders->nelts; i++) {
        orders_commerce_write_entry(json, &APR_ARRAY_IDX(found->orders, i, orders_order_t),
                                    list.member, call->pool);
    }
    orders_json_end_array(json);
    member_filter(json, &filter, list.size);
    orders_json_end_object(json);
    orders_commerce_end(json);
    return NULL;
}

static void refuse_number(orders_problem_t **problem, apr_pool_t *pool, orders_error_e error,
                          const char *message)
{
    orders_problem_field(problem, pool, "order_number", error, message);
}

static orders_problem_t *invalid_number(apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;
    refuse_number(&problem, pool, ORDERS_E_invalid_field, "Invalid order number.");
    return problem;
}

/* Replaces the messages of refused fields by those of this API. */
static orders_problem_t *set_messages(orders_problem_t *problem)
{
    for (int i = 0; problem && problem->fields && i < problem->fields->nelts; i++) {
        orders_field_error_t *refused = &APR_ARRAY_IDX(problem->fields, i, orders_field_error_t);
        refused->message =
            strcmp(refused->field, "uid") == 0 ? "Invalid user id" : "Invalid order number.";
    }
    return problem;
}

static orders_problem_t *read_detail(orders_call_t *call, const char **member, const char **number)
{
    orders_input_t *input;
    filter_t filter = {NULL};
    orders_problem_t *problem = NULL;
    ORDERS_TRY(set_messages(orders_commerce_query(&input, call)));
    ORDERS_TRY(set_messages(orders_call_decode(call, input, &filter)));
    *number = filter.order_number;
    if (!*number) {
        refuse_number(&problem, call->pool, ORDERS_E_required_field, "Order Number is required.");
    } else if (!(*number)[strspn(*number, " \t\r\n")]) {
        refuse_number(&problem, call->pool, ORDERS_E_required_field,
                      "Order Number maynot be blank.");
    }
    read_member(&problem, call, filter.uid, member);
    return problem;
}

/* The ETag covers the whole response. */
static void reply_with(const orders_call_t *call, const orders_order_t *order,
                       orders_reply_t *reply)
{
    apr_size_t length;
    reply->json = orders_json_open(call->pool);
    orders_commerce_begin(reply->json);
    orders_commerce_write_lines(reply->json, order);
    orders_commerce_end(reply->json);
    reply->etag = orders_etag(call->pool, order->id, order->version,
                              orders_json_text(reply->json, call->pool, &length));
}

orders_problem_t *orders_commerce_detail(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *member, *number;
    orders_order_list_t *found;
    ORDERS_TRY(read_detail(call, &member, &number));
    ORDERS_TRY(orders_member_read(&reader, member, number, &found));
    ORDERS_TRY(check_member(call, found));
    const orders_order_t *order = orders_first(found->orders);
    if (!order) {
        return invalid_number(call->pool);
    }
    reply_with(call, order, reply);
    return NULL;
}
