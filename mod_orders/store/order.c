/* SPDX-License-Identifier: Apache-2.0 */
#include "store/order.h"

#include "core/time.h"

static const orders_statement_t place_plan = {
    .name = "orders_place_plan",
    .text = "SELECT * FROM orders_v1.place_plan(" ORDERS_WRITER_SQL
            ", $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    .param_count = 16,
};

static const orders_statement_t place_order = {
    .name = "orders_place_order",
    .text = "SELECT * FROM orders_v1.place_order(" ORDERS_WRITER_SQL ", $8, $9, $10)",
    .param_count = 10,
};

/* ids is the order's id in an array; OFFSET 0 keeps it one value for all branches. */
#define OWN_ORDER                                                                                  \
    "(SELECT ARRAY[o.id] AS ids FROM orders.orders AS o"                                           \
    " WHERE o.tenant_id = $1 AND o.id = $3 AND o.buyer_id = $2 OFFSET 0) AS p"

static const orders_statement_t read_own = {
    .name = "orders_read_own",
    .text = "SELECT r.* FROM " OWN_ORDER " CROSS JOIN LATERAL ("
            "SELECT * FROM orders_v1.rows_of($1, p.ids)"
            " UNION ALL SELECT * FROM orders_v1.money_of($1, p.ids, $2)) AS r",
    .param_count = 3,
};

static const orders_statement_t read_status = {
    .name = "orders_read_status",
    .text = "SELECT r.* FROM " OWN_ORDER " CROSS JOIN LATERAL orders_v1.rows_of($1, p.ids) AS r",
    .param_count = 3,
};

static const orders_statement_t find = {
    .name = "orders_find",
    .text = "SELECT r.* FROM (SELECT ARRAY[orders_v1.order_id_of($1, $2)] AS ids OFFSET 0) AS p"
            " CROSS JOIN LATERAL ("
            "SELECT * FROM orders_v1.rows_of($1, p.ids)"
            " UNION ALL SELECT * FROM orders_v1.more_of($1, p.ids)) AS r",
    .param_count = 2,
};

#define CANCEL(order)                                                                              \
    "SELECT * FROM orders_v1.cancel(" ORDERS_WRITER_SQL ", $8, " order ", $10, $11)"
#define REFUND(order)                                                                              \
    "SELECT * FROM orders_v1.refund(" ORDERS_WRITER_SQL ", " order ", $9, $10, $11, $12, $13)"

static const orders_statement_t cancel_by_id = {
    .name = "orders_cancel", .text = CANCEL("$9"), .param_count = 11};
static const orders_statement_t cancel_by_text = {
    .name = "orders_cancel_text",
    .text = CANCEL("orders_v1.order_id_of($1, $9)"),
    .param_count = 11,
};
static const orders_statement_t refund_by_id = {
    .name = "orders_refund", .text = REFUND("$8"), .param_count = 13};
static const orders_statement_t refund_by_text = {
    .name = "orders_refund_text",
    .text = REFUND("orders_v1.order_id_of($1, $8)"),
    .param_count = 13,
};

orders_problem_t *orders_order_place_plan(const orders_writer_t *writer,
                                          const orders_place_plan_t *place,
                                          orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, place->user_id);
    orders_param_int(&params, place->plan_id);
    orders_param_int_or_null(&params, place->billing_option_id != 0, place->billing_option_id);
    orders_param_int(&params, place->quantity);
    orders_param_text(&params, place->method);
    orders_param_text(&params, place->channel);
    orders_param_text(&params, place->return_url);
    orders_param_text(&params, place->coupon);
    orders_param_int_or_null(&params, place->expires_in != 0, place->expires_in);
    return orders_store_write(writer, &place_plan, &params, answer);
}

orders_problem_t *orders_order_place(const orders_writer_t *writer, const char *document,
                                     int expires_in, const apr_array_header_t *channels,
                                     orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, document);
    orders_param_int_or_null(&params, expires_in != 0, expires_in);
    orders_param_array(&params, (const char *const *)(void *)channels->elts, channels->nelts);
    return orders_store_write(writer, &place_order, &params, answer);
}

static orders_problem_t *read_one(const orders_reader_t *reader,
                                  const orders_statement_t *statement, int64_t user_id,
                                  int64_t order_id, orders_answer_t **answer)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int(&params, user_id);
    orders_param_int(&params, order_id);
    return orders_store_read(reader, statement, &params, answer);
}

orders_problem_t *orders_order_read_own(const orders_reader_t *reader, int64_t user_id,
                                        int64_t order_id, orders_answer_t **answer)
{
    return read_one(reader, &read_own, user_id, order_id, answer);
}

orders_problem_t *orders_order_read_status(const orders_reader_t *reader, int64_t user_id,
                                           int64_t order_id, orders_answer_t **answer)
{
    return read_one(reader, &read_status, user_id, order_id, answer);
}

orders_problem_t *orders_order_find(const orders_reader_t *reader, const char *text,
                                    orders_answer_t **answer)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_text(&params, text);
    return orders_store_read(reader, &find, &params, answer);
}

static void add_ref(orders_params_t *params, const orders_order_ref_t *order)
{
    if (order->id) {
        orders_param_int(params, order->id);
    } else {
        orders_param_text(params, order->text);
    }
}

orders_problem_t *orders_order_cancel(const orders_writer_t *writer, const orders_cancel_t *cancel,
                                      orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int_or_null(&params, cancel->user_id != 0, cancel->user_id);
    add_ref(&params, &cancel->order);
    orders_param_text(&params, cancel->reason);
    orders_param_match(&params, cancel->match);
    return orders_store_write(writer, cancel->order.id ? &cancel_by_id : &cancel_by_text, &params,
                              answer);
}

orders_problem_t *orders_order_refund(const orders_writer_t *writer,
                                      const orders_refund_order_t *refund, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    add_ref(&params, &refund->order);
    orders_param_int_or_null(&params, refund->amount != 0, refund->amount);
    orders_param_text(&params, refund->lines);
    orders_param_text(&params, refund->reason);
    orders_param_int(&params, refund->window);
    orders_param_match(&params, refund->match);
    return orders_store_write(writer, refund->order.id ? &refund_by_id : &refund_by_text, &params,
                              answer);
}
