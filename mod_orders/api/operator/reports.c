/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: reports, as JSON or CSV. */
#include "store/report.h"

#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/csv.h"
#include "core/format.h"
#include "core/time.h"

#define MAX_ROWS 10000

typedef struct query_t {
    const char *from, *to, *by, *dialect, *currency, *format;
    int64_t at_most;
} query_t;

static const char *const formats[] = {"json", "csv", NULL};
static const char *const groupings[] = {"day", "week", "month", "product", "channel", NULL};
static const char *const periods[] = {"day", "week", "month", NULL};

#define DAY(name, when)                                                                            \
    ORDERS_FIELD(query_t, STRING, name, .flags = (when), .max = 10, .format = &orders_format_day)
#define CURRENCY ORDERS_FIELD(query_t, STRING, currency, .min = 3, .max = 3)
#define FORMAT ORDERS_FIELD(query_t, ENUM, format, .values = formats)

static const orders_field_t sales_query[] = {
    DAY(from, ORDERS_FIELD_REQUIRED),
    DAY(to, ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(query_t, ENUM, by, .values = groupings),
    ORDERS_FIELD(query_t, ENUM, dialect, .values = orders_operator_order_apis),
    CURRENCY,
    FORMAT,
};
static const orders_field_t tax_query[] = {
    DAY(from, ORDERS_FIELD_REQUIRED),
    DAY(to, ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(query_t, ENUM, by, .values = periods),
    CURRENCY,
    FORMAT,
};
static const orders_field_t receivables_query[] = {DAY(from, 0), CURRENCY, FORMAT};
static const orders_field_t low_stock_query[] = {
    ORDERS_FIELD(query_t, INT64, at_most, .min = 0, .max = 1000000000),
    FORMAT,
};
const orders_field_table_t orders_operator_sales_query =
    ORDERS_FIELD_TABLE(sales_query, .exactly = true);
const orders_field_table_t orders_operator_tax_query =
    ORDERS_FIELD_TABLE(tax_query, .exactly = true);
const orders_field_table_t orders_operator_receivables_query =
    ORDERS_FIELD_TABLE(receivables_query, .exactly = true);
const orders_field_table_t orders_operator_low_stock_query =
    ORDERS_FIELD_TABLE(low_stock_query, .exactly = true);

typedef enum { TEXT, NUMBER, NUMBER_OR_NULL, TIME } kind_e;

/* A column of a report: its name, and its member in the row. */
typedef struct column_t {
    const char *name;
    size_t offset;
    kind_e kind;
} column_t;

typedef struct report_t {
    const char *name; /* of the file */
    const char *by;   /* the default; NULL: no grouping */
    const column_t *columns;
    size_t count;
    orders_problem_t *(*read)(const orders_reader_t *reader, const orders_report_query_t *query,
                              apr_array_header_t **rows);
} report_t;

#define COLUMN(type, name, kind)                                                                   \
    {                                                                                              \
#name, offsetof(type, name), kind                                                          \
    }
#define C(name, kind) COLUMN(orders_sales_row_t, name, kind)
static const column_t sales_columns[] = {
    C(period, TEXT),     C(kind, TEXT),       C(product, TEXT),  C(title, TEXT),
    C(channel, TEXT),    C(currency, TEXT),   C(orders, NUMBER), C(quantity, NUMBER),
    C(subtotal, NUMBER), C(discount, NUMBER), C(tax, NUMBER),    C(shipping, NUMBER),
    C(total, NUMBER),    C(refunded, NUMBER), C(net, NUMBER),
};
#undef C
#define C(name, kind) COLUMN(orders_tax_row_t, name, kind)
static const column_t tax_columns[] = {
    C(period, TEXT),   C(key, TEXT),   C(rate_bp, NUMBER),  C(currency, TEXT),
    C(orders, NUMBER), C(tax, NUMBER), C(refunded, NUMBER), C(net, NUMBER),
};
#undef C
#define C(name, kind) COLUMN(orders_receivable_row_t, name, kind)
static const column_t receivables_columns[] = {
    C(from_days, NUMBER), C(to_days, NUMBER_OR_NULL), C(currency, TEXT),
    C(orders, NUMBER),    C(amount, NUMBER),          C(oldest_at, TIME),
};
#undef C
#define C(name, kind) COLUMN(orders_low_stock_row_t, name, kind)
static const column_t low_stock_columns[] = {
    C(id, NUMBER), C(product, TEXT),   C(product_name, TEXT), C(variant, TEXT),     C(number, TEXT),
    C(name, TEXT), C(on_hand, NUMBER), C(reserved, NUMBER),   C(available, NUMBER),
};
#undef C

static const report_t sales = {"sales", "day", sales_columns, ORDERS_COUNT(sales_columns),
                               orders_report_sales};
static const report_t tax = {"tax", "month", tax_columns, ORDERS_COUNT(tax_columns),
                             orders_report_tax};
static const report_t receivables = {"receivables", NULL, receivables_columns,
                                     ORDERS_COUNT(receivables_columns), orders_report_receivables};
static const report_t low_stock = {"low-stock", NULL, low_stock_columns,
                                   ORDERS_COUNT(low_stock_columns), orders_report_low_stock};

static const char *text_of(const char *row, const column_t *column)
{
    return *(const char *const *)(const void *)(row + column->offset);
}

static int64_t number_of(const char *row, const column_t *column)
{
    return *(const int64_t *)(const void *)(row + column->offset);
}

static void write_member(orders_json_t *json, const char *row, const column_t *column)
{
    if (column->kind == TEXT) {
        orders_json_member_string(json, column->name, text_of(row, column));
    } else if (column->kind == TIME) {
        orders_member_time(json, column->name, number_of(row, column));
    } else if (column->kind == NUMBER_OR_NULL && !number_of(row, column)) {
        orders_json_member_null(json, column->name);
    } else {
        orders_json_member_int(json, column->name, number_of(row, column));
    }
}

static void write_cell(orders_csv_writer_t *csv, const char *row, const column_t *column)
{
    char time[ORDERS_TIME_SIZE];

    if (column->kind == TEXT) {
        orders_csv_text(csv, text_of(row, column));
    } else if (column->kind == TIME) {
        orders_csv_text(csv, orders_time_write(time, number_of(row, column), false) ? time : NULL);
    } else if (column->kind == NUMBER_OR_NULL && !number_of(row, column)) {
        orders_csv_text(csv, NULL);
    } else {
        orders_csv_int(csv, number_of(row, column));
    }
}

static const char *row_at(const apr_array_header_t *rows, int index)
{
    return rows->elts + (apr_size_t)index * (apr_size_t)rows->elt_size;
}

static void reply_csv(const orders_call_t *call, const report_t *report,
                      const apr_array_header_t *rows, orders_reply_t *reply)
{
    orders_csv_writer_t csv;

    orders_csv_writer_open(&csv, call->pool);
    for (size_t i = 0; i < report->count; i++) {
        orders_csv_text(&csv, report->columns[i].name);
    }
    orders_csv_end_record(&csv);
    for (int r = 0; r < rows->nelts; r++) {
        for (size_t i = 0; i < report->count; i++) {
            write_cell(&csv, row_at(rows, r), &report->columns[i]);
        }
        orders_csv_end_record(&csv);
    }
    reply->content_type = "text/csv; charset=utf-8";
    reply->data = csv.text;
    reply->length = csv.length;
    apr_table_setn(
        reply->headers, "Content-Disposition",
        apr_pstrcat(call->pool, "attachment; filename=\"", report->name, ".csv\"", NULL));
}

static void reply_json(const orders_call_t *call, const report_t *report,
                       const orders_report_query_t *query, const apr_array_header_t *rows,
                       orders_reply_t *reply)
{
    orders_json_t *json = orders_json_open(call->pool);

    orders_json_begin_object(json);
    if (report->by) {
        orders_json_member_string(json, "from", query->from);
        orders_json_member_string(json, "to", query->to);
        orders_json_member_string(json, "by", query->by);
    }
    orders_json_key(json, "rows");
    orders_json_begin_array(json);
    for (int r = 0; r < rows->nelts; r++) {
        orders_json_begin_object(json);
        for (size_t i = 0; i < report->count; i++) {
            write_member(json, row_at(rows, r), &report->columns[i]);
        }
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
    orders_json_end_object(json);
    reply->json = json;
}

static bool wants_csv(const orders_call_t *call, const query_t *query)
{
    const char *accept = call->header(call, "Accept");

    return query->format ? !strcmp(query->format, "csv") : accept && strstr(accept, "text/csv");
}

/* A report that takes too long will take too long again: the client must ask for less. */
static orders_problem_t *as_too_large(const orders_call_t *call, orders_problem_t *problem)
{
    return problem && problem->error == ORDERS_E_statement_timeout
               ? orders_problem(call->pool, ORDERS_E_report_too_large, NULL)
               : problem;
}

static orders_problem_t *reply_report(const orders_call_t *call, const report_t *report,
                                      orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    query_t query = {0};
    orders_input_t *input;
    apr_array_header_t *rows;

    ORDERS_TRY(orders_call_query(&input, call));
    ORDERS_TRY(orders_call_decode_query(call, input, &query));
    const orders_report_query_t asked = {
        .from = orders_or_null(query.from),
        .to = query.to,
        .by = query.by ? query.by : report->by,
        .api = orders_or_null(query.dialect),
        .currency = orders_or_null(query.currency),
        .at_most = query.at_most,
        .limit = MAX_ROWS + 1,
    };
    ORDERS_TRY(as_too_large(call, report->read(&reader, &asked, &rows)));
    if (rows->nelts > MAX_ROWS) {
        return orders_problem(call->pool, ORDERS_E_report_too_large, NULL);
    }
    apr_table_mergen(reply->headers, "Vary", "Accept");
    if (wants_csv(call, &query)) {
        reply_csv(call, report, rows, reply);
    } else {
        reply_json(call, report, &asked, rows, reply);
    }
    return NULL;
}

orders_problem_t *orders_operator_report_sales(orders_call_t *call, orders_reply_t *reply)
{
    return reply_report(call, &sales, reply);
}

orders_problem_t *orders_operator_report_tax(orders_call_t *call, orders_reply_t *reply)
{
    return reply_report(call, &tax, reply);
}

orders_problem_t *orders_operator_report_receivables(orders_call_t *call, orders_reply_t *reply)
{
    return reply_report(call, &receivables, reply);
}

orders_problem_t *orders_operator_report_low_stock(orders_call_t *call, orders_reply_t *reply)
{
    return reply_report(call, &low_stock, reply);
}
