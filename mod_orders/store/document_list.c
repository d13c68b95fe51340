/* SPDX-License-Identifier: Apache-2.0 */
#include "store/document_list.h"

#define T orders_document_row_t
static const orders_row_field_t fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id),
    ORDERS_ROW_FIELD(T, TEXT, document),
    ORDERS_ROW_FIELD(T, INT8, searched_to),
};
/* The row that has only searched_to is not read. */
const orders_row_type_t orders_document_row_type =
    ORDERS_ROW_TYPE("document_row", "document", T, fields);
#undef T

typedef struct window_t {
    int64_t searched_to;
} window_t;
static const orders_row_field_t window_fields[] = {
    ORDERS_ROW_FIELD(window_t, INT8, searched_to),
};
static const orders_row_type_t window_type =
    ORDERS_ROW_TYPE("searched_to", "searched_to", window_t, window_fields);

static const orders_statement_t lists[ORDERS_LIST__COUNT] = {
    [ORDERS_LIST_PAYMENTS] =
        {
            .name = "orders_list_payments",
            .text = "SELECT * FROM orders_v1.list_payments($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_REFUNDS] =
        {
            .name = "orders_list_refunds",
            .text = "SELECT * FROM orders_v1.list_refunds($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_INVOICES] =
        {
            .name = "orders_list_invoices",
            .text = "SELECT * FROM orders_v1.list_invoices($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_CARTS] =
        {
            .name = "orders_list_carts",
            .text = "SELECT * FROM orders_v1.list_carts($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_MAILS] =
        {
            .name = "orders_list_mails",
            .text = "SELECT * FROM orders_v1.list_mails($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_COUPON_USES] =
        {
            .name = "orders_list_coupon_uses",
            .text = "SELECT * FROM orders_v1.list_coupon_uses($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_LEDGER] =
        {
            .name = "orders_list_ledger",
            .text = "SELECT * FROM orders_v1.list_ledger($1, $2, $3, $4)",
            .param_count = 4,
        },
    [ORDERS_LIST_BALANCES] =
        {
            .name = "orders_list_balances",
            .text = "SELECT * FROM orders_v1.list_balances($1, $2, $3, $4)",
            .param_count = 4,
        },
};
static const orders_statement_t read_payment = {
    .name = "orders_read_payment",
    .text = "SELECT * FROM orders_v1.read_payment($1, $2)",
    .param_count = 2,
};
static const orders_statement_t read_refund = {
    .name = "orders_read_refund",
    .text = "SELECT * FROM orders_v1.read_refund($1, $2)",
    .param_count = 2,
};
static const orders_statement_t read_cart = {
    .name = "orders_read_cart",
    .text = "SELECT * FROM orders_v1.read_cart($1, $2)",
    .param_count = 2,
};
static const orders_statement_t read_caller = {
    .name = "orders_read_caller",
    .text = "SELECT * FROM orders_v1.read_caller($1, $2)",
    .param_count = 2,
};
static const orders_statement_t read_summary = {
    .name = "orders_read_summary",
    .text = "SELECT * FROM orders_v1.read_summary($1)",
    .param_count = 1,
};

orders_problem_t *orders_documents_list(const orders_reader_t *reader, orders_document_list_e which,
                                        const orders_document_list_t *list,
                                        apr_array_header_t **rows, int64_t *searched_to)
{
    orders_params_t params;
    apr_array_header_t *windows;
    PGresult *result;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->filters);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, &lists[which], &params,
                                       ORDERS_READ, &result));
    ORDERS_TRY(orders_rows_read(reader->pool, result, &orders_document_row_type, rows));
    ORDERS_TRY(orders_rows_read(reader->pool, result, &window_type, &windows));
    const window_t *window = orders_first(windows);
    *searched_to = window ? window->searched_to : 0;
    return NULL;
}

static orders_problem_t *read_one(const orders_reader_t *reader,
                                  const orders_statement_t *statement,
                                  const orders_params_t *params, const char **document)
{
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_read(reader, statement, params, &orders_document_row_type, &rows));
    const orders_document_row_t *row = orders_first(rows);
    *document = row ? row->document : NULL;
    return row ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_document_payment(const orders_reader_t *reader, int64_t id,
                                          const char **document)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    return read_one(reader, &read_payment, &params, document);
}

orders_problem_t *orders_document_refund(const orders_reader_t *reader, int64_t id,
                                         const char **document)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    return read_one(reader, &read_refund, &params, document);
}

orders_problem_t *orders_document_cart(const orders_reader_t *reader, const char *cart,
                                       const char **document)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, cart);
    return read_one(reader, &read_cart, &params, document);
}

orders_problem_t *orders_document_caller(const orders_reader_t *reader, int64_t user,
                                         const char **document)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, user);
    return read_one(reader, &read_caller, &params, document);
}

orders_problem_t *orders_document_summary(const orders_reader_t *reader, const char **document)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    return read_one(reader, &read_summary, &params, document);
}
