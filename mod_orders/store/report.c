/* SPDX-License-Identifier: Apache-2.0 */
#include "store/report.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_sales_row_t
static const orders_row_field_t sales_fields[] = {
    FIELD(TEXT, period),   FIELD(TEXT, kind),     FIELD(TEXT, product), FIELD(TEXT, title),
    FIELD(TEXT, channel),  FIELD(TEXT, currency), FIELD(INT8, orders),  FIELD(INT8, quantity),
    FIELD(INT8, subtotal), FIELD(INT8, discount), FIELD(INT8, tax),     FIELD(INT8, shipping),
    FIELD(INT8, total),    FIELD(INT8, refunded), FIELD(INT8, net),
};
static const orders_row_type_t sales_type = ORDERS_ROW_TYPE("sales_row", NULL, T, sales_fields);
#undef T

#define T orders_tax_row_t
static const orders_row_field_t tax_fields[] = {
    FIELD(TEXT, period), FIELD(TEXT, key), FIELD(INT4, rate_bp),  FIELD(TEXT, currency),
    FIELD(INT8, orders), FIELD(INT8, tax), FIELD(INT8, refunded), FIELD(INT8, net),
};
static const orders_row_type_t tax_type = ORDERS_ROW_TYPE("tax_row", NULL, T, tax_fields);
#undef T

#define T orders_receivable_row_t
static const orders_row_field_t receivable_fields[] = {
    FIELD(INT4, from_days), FIELD(INT4, to_days), FIELD(TEXT, currency),
    FIELD(INT8, orders),    FIELD(INT8, amount),  FIELD(TIMESTAMPTZ, oldest_at),
};
static const orders_row_type_t receivable_type =
    ORDERS_ROW_TYPE("receivable_row", NULL, T, receivable_fields);
#undef T

/* Columns are found by name: a part of orders_v1.stock_view. */
#define T orders_low_stock_row_t
static const orders_row_field_t low_stock_fields[] = {
    FIELD(INT8, id),      FIELD(TEXT, product),  FIELD(TEXT, product_name),
    FIELD(TEXT, variant), FIELD(TEXT, number),   FIELD(TEXT, name),
    FIELD(INT4, on_hand), FIELD(INT4, reserved), FIELD(INT4, available),
};
static const orders_row_type_t low_stock_type =
    ORDERS_ROW_TYPE("stock_view", NULL, T, low_stock_fields);
#undef T

static const orders_statement_t sales = {
    .name = "orders_report_sales",
    .text = "SELECT r.period, r.kind, r.product, r.title, r.channel, r.currency, r.orders,"
            " r.quantity, r.subtotal, r.discount, r.tax, r.shipping, r.total, r.refunded, r.net"
            " FROM orders_v1.sales_report($1, $2, $3, $4, $5, $6, $7) AS r",
    .param_count = 7,
};
static const orders_statement_t tax = {
    .name = "orders_report_tax",
    .text = "SELECT r.period, r.key, r.rate_bp, r.currency, r.orders, r.tax, r.refunded, r.net"
            " FROM orders_v1.tax_report($1, $2, $3, $4, $5, $6) AS r",
    .param_count = 6,
};
static const orders_statement_t receivables = {
    .name = "orders_report_receivables",
    .text = "SELECT r.from_days, r.to_days, r.currency, r.orders, r.amount, r.oldest_at"
            " FROM orders_v1.receivables_report($1, $2, $3) AS r",
    .param_count = 3,
};
static const orders_statement_t low_stock = {
    .name = "orders_report_low_stock",
    .text = "SELECT r.id, r.product, r.product_name, r.variant, r.number, r.name, r.on_hand,"
            " r.reserved, r.available FROM orders_v1.low_stock_report($1, $2, $3) AS r",
    .param_count = 3,
};

orders_problem_t *orders_report_sales(const orders_reader_t *reader,
                                      const orders_report_query_t *query, apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, query->from);
    orders_param_text(&params, query->to);
    orders_param_text(&params, query->by);
    orders_param_text(&params, query->api);
    orders_param_text(&params, query->currency);
    orders_param_int(&params, query->limit);
    return orders_store_read(reader, &sales, &params, &sales_type, rows);
}

orders_problem_t *orders_report_tax(const orders_reader_t *reader,
                                    const orders_report_query_t *query, apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, query->from);
    orders_param_text(&params, query->to);
    orders_param_text(&params, query->by);
    orders_param_text(&params, query->currency);
    orders_param_int(&params, query->limit);
    return orders_store_read(reader, &tax, &params, &tax_type, rows);
}

orders_problem_t *orders_report_receivables(const orders_reader_t *reader,
                                            const orders_report_query_t *query,
                                            apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, query->from);
    orders_param_text(&params, query->currency);
    return orders_store_read(reader, &receivables, &params, &receivable_type, rows);
}

orders_problem_t *orders_report_low_stock(const orders_reader_t *reader,
                                          const orders_report_query_t *query,
                                          apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, query->at_most);
    orders_param_int(&params, query->limit);
    return orders_store_read(reader, &low_stock, &params, &low_stock_type, rows);
}
