/* SPDX-License-Identifier: Apache-2.0 */
#include "store/export_stream.h"

#include <apr_strings.h>
#include <poll.h>
#include <string.h>

#include "core/clock.h"
#include "core/time.h"
#include "store/sqlstate.h"

/* Seconds for each host of the connection string: the least that libpq accepts. */
#define CONNECT_TIMEOUT "2"
/* For libpq: the value of `dbname` is a connection string. Later values replace those in it. */
#define EXPAND 1
#define WAIT_MS 100
/* How long the statements before the rows may take. */
#define PREPARE_TIME apr_time_from_sec(10)
#define PARAMS 3
#define TEXT 0

struct orders_export_stream_t {
    apr_pool_t *pool;
    const orders_export_source_t *source;
    PGconn *connection;
    PGresult *row;
    apr_time_t snapshot_at;
};

/* A statement for each kind and format of files. */
static const struct {
    const char *kind, *format;
    orders_statement_t rows;
} files[] = {
    {"orders",
     "ndjson",
     {
         .name = "orders_export_portable",
         .text = "SELECT orders_v1.portable_order(v.tenant_id, v.id) AS line"
                 " FROM orders_v1.order_view AS v"
                 " WHERE v.tenant_id = $1 AND v.created_at >= $2 AND v.created_at < $3"
                 " ORDER BY v.created_at, v.id",
         .param_count = PARAMS,
     }},
    {"orders",
     "csv",
     {
         .name = "orders_export_orders",
         .text = "SELECT number, public_id, bill_no, dialect, state, payment_state,"
                 " fulfilment_state, \"user\", user_name, user_email, company, agent,"
                 " payment_method, payment_channel, currency, exponent, tax_inclusive, subtotal,"
                 " discount, tax, shipping, total, captured, refunded, notes, created_at, paid_at,"
                 " cancelled_at, refunded_at, updated_at"
                 " FROM orders_v1.export_order AS v"
                 " WHERE v.tenant_id = $1 AND v.created_at >= $2 AND v.created_at < $3"
                 " ORDER BY v.created_at, v.id",
         .param_count = PARAMS,
     }},
    {"lines",
     NULL,
     {
         .name = "orders_export_lines",
         .text = "SELECT order_number, line_id, dialect, order_state, payment_state,"
                 " fulfilment_state, \"user\", company, kind, product, plan, product_number,"
                 " variant, variant_name, title, quantity, currency, exponent, tax_inclusive, "
                 "unit_price, list_price,"
                 " subtotal, discount, tax, cancelled_quantity, refunded_quantity,"
                 " refunded_amount, returned_quantity, created_at, paid_at"
                 " FROM orders_v1.export_line AS v"
                 " WHERE v.tenant_id = $1 AND v.created_at >= $2 AND v.created_at < $3"
                 " ORDER BY v.created_at, v.order_id, v.line_id",
         .param_count = PARAMS,
     }},
    {"ledger",
     NULL,
     {
         .name = "orders_export_ledger",
         .text = "SELECT id, created_at, kind, currency, amount, debit_user, debit_account,"
                 " debit_balance_after, credit_user, credit_account, credit_balance_after,"
                 " order_number, payment_id, refund_id, reference, description"
                 " FROM orders_v1.export_posting AS v"
                 " WHERE v.tenant_id = $1 AND v.created_at >= $2 AND v.created_at < $3"
                 " ORDER BY v.id",
         .param_count = PARAMS,
     }},
};

static const orders_statement_t *find_statement(const orders_export_task_t *task)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!strcmp(files[i].kind, task->kind) &&
            (!files[i].format || !strcmp(files[i].format, task->format))) {
            return &files[i].rows;
        }
    }
    return NULL;
}

static bool is_stopping(const orders_export_stream_t *stream)
{
    return stream->source->is_stopping(stream->source->data);
}

static orders_problem_t *lost(const orders_export_stream_t *stream)
{
    return orders_problem_logged(
        stream->pool, ORDERS_E_database_unavailable,
        apr_pstrcat(stream->pool, "export: ", PQerrorMessage(stream->connection), NULL));
}

/* Waits for input for WAIT_MS at most. TLS may have read it already. False: the connection is lost. */
static bool wait_for_input(const orders_export_stream_t *stream)
{
    struct pollfd at = {.fd = PQsocket(stream->connection), .events = POLLIN};

    (void)poll(&at, 1, WAIT_MS);
    return PQconsumeInput(stream->connection);
}

/* Executes a statement before the rows. `*result`: NULL if the process is stopping; cleared with the caller's next statement. */
static orders_problem_t *execute(orders_export_stream_t *stream, const char *text,
                                 PGresult **result)
{
    const apr_time_t end = orders_clock_now() + PREPARE_TIME;
    PGresult *next;

    *result = NULL;
    if (!PQsendQuery(stream->connection, text)) {
        return lost(stream);
    }
    do {
        while (PQisBusy(stream->connection)) {
            if (is_stopping(stream)) {
                PQclear(*result);
                *result = NULL;
                return NULL;
            }
            if (orders_clock_now() >= end || !wait_for_input(stream)) {
                PQclear(*result);
                return lost(stream);
            }
        }
        next = PQgetResult(stream->connection);
        if (next) {
            PQclear(*result);
            *result = next;
        }
    } while (next);
    if (PQresultStatus(*result) != PGRES_COMMAND_OK && PQresultStatus(*result) != PGRES_TUPLES_OK) {
        orders_problem_t *problem = orders_sqlstate_problem(stream->pool, *result);

        PQclear(*result);
        return problem;
    }
    return NULL;
}

/* Begins the transaction. `*begun`: false if the process is stopping. */
static orders_problem_t *begin(orders_export_stream_t *stream, bool *begun)
{
    static const char *const statements[] = {
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "SELECT (extract(epoch FROM orders_v1.begin_export()) * 1000000)::bigint",
    };

    *begun = false;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        PGresult *result;

        ORDERS_TRY(execute(stream, statements[i], &result));
        if (!result) {
            return NULL;
        }
        if (PQntuples(result) == 1) {
            stream->snapshot_at = apr_atoi64(PQgetvalue(result, 0, 0));
        }
        PQclear(result);
    }
    *begun = true;
    return NULL;
}

static orders_problem_t *send_statement(orders_export_stream_t *stream, int32_t tenant,
                                        const orders_export_task_t *task)
{
    const orders_statement_t *statement = find_statement(task);
    const char *const from = orders_time_text(stream->pool, task->from_at, true);
    const char *const to = orders_time_text(stream->pool, task->to_at, true);
    const char *const values[PARAMS] = {apr_itoa(stream->pool, tenant),
                                        task->from_at ? from : "-infinity",
                                        task->to_at ? to : "infinity"};

    if (!statement) { /* of a later release */
        return orders_problem_logged(
            stream->pool, ORDERS_E_internal_error,
            apr_pstrcat(stream->pool, "unknown kind of export: ", task->kind, NULL));
    }
    if (!PQsendQueryParams(stream->connection, statement->text, PARAMS, NULL, values, NULL, NULL,
                           TEXT) ||
        !PQsetSingleRowMode(stream->connection)) {
        return lost(stream);
    }
    return NULL;
}

void orders_export_stream_close(orders_export_stream_t *stream)
{
    PQclear(stream->row);
    PQfinish(stream->connection);
    stream->row = NULL;
    stream->connection = NULL;
}

static apr_status_t close_stream(void *data)
{
    orders_export_stream_close(data);
    return APR_SUCCESS;
}

orders_problem_t *orders_export_stream_open(apr_pool_t *pool, const orders_export_source_t *source,
                                            int32_t tenant, const orders_export_task_t *task,
                                            orders_export_stream_t **opened)
{
    const char *const keywords[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {source->conninfo, CONNECT_TIMEOUT, "mod_orders export", NULL};
    orders_export_stream_t *stream = apr_pcalloc(pool, sizeof *stream);
    bool begun;

    *opened = NULL;
    stream->pool = pool;
    stream->source = source;
    stream->connection = PQconnectdbParams(keywords, values, EXPAND);
    apr_pool_cleanup_register(pool, stream, close_stream, apr_pool_cleanup_null);
    if (PQstatus(stream->connection) != CONNECTION_OK) {
        return lost(stream);
    }
    ORDERS_TRY(begin(stream, &begun));
    if (begun) {
        ORDERS_TRY(send_statement(stream, tenant, task));
        *opened = stream;
    }
    return NULL;
}

orders_export_event_e orders_export_stream_next(orders_export_stream_t *stream,
                                                const PGresult **row, orders_problem_t **problem)
{
    PQclear(stream->row);
    stream->row = NULL;
    if (PQisBusy(stream->connection)) {
        if (!wait_for_input(stream)) {
            *problem = lost(stream);
            return ORDERS_EXPORT_FAILED;
        }
        if (PQisBusy(stream->connection)) {
            return ORDERS_EXPORT_WAIT;
        }
    }
    stream->row = PQgetResult(stream->connection);
    if (!stream->row) {
        return ORDERS_EXPORT_END;
    }
    if (PQresultStatus(stream->row) != PGRES_SINGLE_TUPLE &&
        PQresultStatus(stream->row) != PGRES_TUPLES_OK) {
        *problem = *orders_sqlstate_of(stream->row)
                       ? orders_sqlstate_problem(stream->pool, stream->row)
                       : lost(stream);
        return ORDERS_EXPORT_FAILED;
    }
    *row = stream->row;
    return ORDERS_EXPORT_ROW;
}

apr_time_t orders_export_stream_snapshot(const orders_export_stream_t *stream)
{
    return stream->snapshot_at;
}
