/* SPDX-License-Identifier: Apache-2.0 */
#include "store/order.h"

#include <apr_strings.h>

#include "store/columns.h"

static const orders_statement_t place_plan = {
    .name = "orders_place_plan",
    .text = ORDERS_WRITTEN_EARLY("place_plan(" ORDERS_WRITER_SQL
                                 ", $8, $9, $10, $11, $12, $13, $14, $15, $16)"),
    .early_release = true,
    .param_count = 16,
};

static const orders_statement_t place_order = {
    .name = "orders_place_order",
    .text = ORDERS_WRITTEN_EARLY("place_order(" ORDERS_WRITER_SQL ", $8, $9, $10)"),
    .early_release = true,
    .param_count = 10,
};

static const orders_statement_t quote_order = {
    .name = "orders_quote_order",
    .text = "SELECT orders_v1.quote_order($1, $2, $3) AS text",
    .param_count = 3,
};

#define OWN_ORDER                                                                                  \
    " FROM orders_v1.order_view AS v WHERE v.tenant_id = $1 AND v.id = $3 AND v.buyer_id = $2"

static const orders_statement_t read_own = {
    .name = "orders_read_own",
    .text = "SELECT " ORDERS_USER_COLUMNS ", v.balance, v.posting" OWN_ORDER,
    .param_count = 3,
};

static const orders_statement_t read_status = {
    .name = "orders_read_status",
    .text = "SELECT " ORDERS_STATE_COLUMNS ", v.payment_method, v.refunded, v.updated_at,"
            " v.paid_at, v.cancelled_at, v.refunded_at, v.payments" OWN_ORDER,
    .param_count = 3,
};

static const orders_statement_t find = {
    .name = "orders_find",
    .text = "SELECT " ORDERS_OPERATOR_COLUMNS " FROM orders_v1.order_view AS v"
            " WHERE v.tenant_id = $1 AND v.id = (SELECT orders_v1.order_id_of($1, $2))",
    .param_count = 2,
};
static const orders_statement_t read_many = {
    .name = "orders_read_many",
    .text = "SELECT " ORDERS_OPERATOR_COLUMNS " FROM orders_v1.order_view AS v"
            " WHERE v.tenant_id = $1 AND v.id = ANY ($2::bigint[]) ORDER BY v.id",
    .param_count = 2,
};

#define CANCEL(order)                                                                              \
    ORDERS_WRITTEN("cancel_as_permitted(" ORDERS_WRITER_SQL ", $8, " order ", $10, $11, $12)")
#define REFUND(order)                                                                              \
    ORDERS_WRITTEN("refund(" ORDERS_WRITER_SQL ", " order ", $9, $10, $11, $12, $13)")

static const orders_statement_t cancel_by_id = {
    .name = "orders_cancel", .text = CANCEL("$9"), .param_count = 12};
static const orders_statement_t cancel_by_text = {
    .name = "orders_cancel_text",
    .text = CANCEL("orders_v1.order_id_of($1, $9)"),
    .param_count = 12,
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
                                          orders_written_t **written)
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
    return orders_store_write(writer, &place_plan, &params, written);
}

orders_problem_t *orders_order_place(const orders_writer_t *writer, const char *document,
                                     int expires_in, const apr_array_header_t *channels,
                                     orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, document);
    orders_param_int_or_null(&params, expires_in != 0, expires_in);
    orders_param_texts(&params, channels);
    return orders_store_write(writer, &place_order, &params, written);
}

typedef struct quote_t {
    const char *text;
} quote_t;

static const orders_row_field_t quote_fields[] = {ORDERS_ROW_FIELD(quote_t, TEXT, text)};
static const orders_row_type_t quote_type = ORDERS_ROW_TYPE("quote", "text", quote_t, quote_fields);

orders_problem_t *orders_order_quote(const orders_reader_t *reader, const char *document,
                                     const apr_array_header_t *channels, const char **quote)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, document);
    orders_param_texts(&params, channels);
    ORDERS_TRY(orders_store_read(reader, &quote_order, &params, &quote_type, &rows));
    const quote_t *row = orders_first(rows);
    *quote = row ? row->text : NULL;
    return row ? NULL : orders_problem(reader->pool, ORDERS_E_internal_error, NULL);
}

static orders_problem_t *read_one(const orders_reader_t *reader,
                                  const orders_statement_t *statement, int64_t user_id,
                                  int64_t order_id, orders_order_t **order)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, user_id);
    orders_param_int(&params, order_id);
    return orders_store_read_order(reader, statement, &params, order);
}

orders_problem_t *orders_order_read_own(const orders_reader_t *reader, int64_t user_id,
                                        int64_t order_id, orders_order_t **order)
{
    return read_one(reader, &read_own, user_id, order_id, order);
}

orders_problem_t *orders_order_read_status(const orders_reader_t *reader, int64_t user_id,
                                           int64_t order_id, orders_order_t **order)
{
    return read_one(reader, &read_status, user_id, order_id, order);
}

orders_problem_t *orders_order_find(const orders_reader_t *reader, const char *text,
                                    orders_order_t **order)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, text);
    return orders_store_read_order(reader, &find, &params, order);
}

orders_problem_t *orders_order_read_many(const orders_reader_t *reader,
                                         const apr_array_header_t *ids, apr_array_header_t **orders)
{
    orders_params_t params;
    const char **texts = apr_palloc(reader->pool, ((size_t)ids->nelts + 1) * sizeof(*texts));
    for (int i = 0; i < ids->nelts; i++) {
        texts[i] = apr_psprintf(reader->pool, "%" APR_INT64_T_FMT,
                                (apr_int64_t)APR_ARRAY_IDX(ids, i, int64_t));
    }
    orders_reader_params(&params, reader);
    orders_param_array(&params, texts, ids->nelts);
    return orders_store_read(reader, &read_many, &params, &orders_order_type, orders);
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
                                      orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int_or_null(&params, cancel->user_id != 0, cancel->user_id);
    add_ref(&params, &cancel->order);
    orders_param_text(&params, cancel->reason);
    orders_param_texts(&params, cancel->match);
    orders_param_bool(&params, !cancel->without_refund);
    return orders_store_write(writer, cancel->order.id ? &cancel_by_id : &cancel_by_text, &params,
                              written);
}

orders_problem_t *orders_order_refund(const orders_writer_t *writer,
                                      const orders_refund_order_t *refund,
                                      orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    add_ref(&params, &refund->order);
    orders_param_int_or_null(&params, refund->amount != 0, refund->amount);
    orders_param_text(&params, refund->lines);
    orders_param_text(&params, refund->reason);
    orders_param_int(&params, refund->window);
    orders_param_texts(&params, refund->match);
    return orders_store_write(writer, refund->order.id ? &refund_by_id : &refund_by_text, &params,
                              written);
}
