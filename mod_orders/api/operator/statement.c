/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: transactions of a provider as CSV. */
#include "api/operator/statement.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#include "core/csv.h"
#include "core/number.h"
#include "core/text.h"
#include "core/time.h"

#define MAX_ENTRIES 10000
#define MAX_ERRORS 100
#define MAX_TEXT 255
#define MAX_AMOUNT INT64_C(1000000000000000)

enum {
    TRANSACTION_ID,
    KIND,
    AMOUNT,
    CURRENCY,
    OCCURRED_AT,
    PAYMENT_KEY,
    INTENT_ID,
    CAPTURE_ID,
    COLUMNS
};

/* One body while it is read. */
typedef struct statement_t {
    apr_pool_t *pool;
    apr_time_t from, to;
    orders_csv_t csv;
    apr_array_header_t *record; /* of const char * */
    int at[COLUMNS];            /* the field of each column in a record, -1: none */
    apr_hash_t *seen;           /* the transaction ids so far */
    orders_json_t *json;
    orders_problem_t *problem; /* the refused fields so far, or NULL */
    int errors, entries;
} statement_t;

/* What is wrong with a value, or NULL. */
typedef const char *(*check_t)(statement_t *statement, const char *value);

static const char *check_id(statement_t *statement, const char *value)
{
    if (orders_utf8_count(value, strlen(value)) > MAX_TEXT) {
        return "At most 255 characters.";
    }
    return orders_text_has_control(value, strlen(value), false) ? "Contains a control character."
                                                                : NULL;
}

static const char *check_transaction(statement_t *statement, const char *value)
{
    const char *wrong = check_id(statement, value);
    if (!wrong && apr_hash_get(statement->seen, value, APR_HASH_KEY_STRING)) {
        wrong = "An earlier line has this transaction.";
    }
    apr_hash_set(statement->seen, value, APR_HASH_KEY_STRING, value);
    return wrong;
}

static const char *check_kind(statement_t *statement, const char *value)
{
    return strcmp(value, "capture") == 0 || strcmp(value, "refund") == 0 ||
                   strcmp(value, "other") == 0
               ? NULL
               : "Must be one of: capture, refund, other.";
}

/* Neither a sign nor decimals: an amount in major units must not be read as one in minor units. */
static const char *check_amount(statement_t *statement, const char *value)
{
    int64_t amount;
    return *value != '-' && orders_number(value, 1, MAX_AMOUNT, &amount) == ORDERS_NUMBER_OK
               ? NULL
               : "Must be an integer from 1 to 10^15, in minor units and without a sign.";
}

static const char *check_currency(statement_t *statement, const char *value)
{
    return strlen(value) == 3 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3
               ? NULL
               : "Must be an ISO 4217 code.";
}

static const char *check_time(statement_t *statement, const char *value)
{
    apr_time_t time;
    if (!orders_time_parse(value, &time)) {
        return "Must be an ISO 8601 time with an offset.";
    }
    return time >= statement->from && time < statement->to ? NULL : "Must be within the period.";
}

static const char *check_key(statement_t *statement, const char *value)
{
    return orders_text_is_uuid(value) ? NULL : "Must be a UUID.";
}

static const struct {
    const char *name;
    bool optional;
    check_t check;
} columns[COLUMNS] = {
    [TRANSACTION_ID] = {.name = "transaction_id", .check = check_transaction},
    [KIND] = {.name = "kind", .check = check_kind},
    [AMOUNT] = {.name = "amount", .check = check_amount},
    [CURRENCY] = {.name = "currency", .check = check_currency},
    [OCCURRED_AT] = {.name = "occurred_at", .check = check_time},
    [PAYMENT_KEY] = {.name = "payment_key", .optional = true, .check = check_key},
    [INTENT_ID] = {.name = "intent_id", .optional = true, .check = check_id},
    [CAPTURE_ID] = {.name = "capture_id", .optional = true, .check = check_id},
};

static void refuse(statement_t *statement, const char *column, orders_error_e error,
                   const char *message)
{
    const char *line = apr_psprintf(statement->pool, "lines[%d]", statement->csv.line);
    if (statement->errors++ < MAX_ERRORS) {
        orders_problem_field(&statement->problem, statement->pool,
                             column ? apr_pstrcat(statement->pool, line, ".", column, NULL) : line,
                             error, message);
    }
}

static int column_of(const char *name)
{
    int column = 0;
    while (column < COLUMNS && strcmp(columns[column].name, name) != 0) {
        column++;
    }
    return column;
}

static void read_header(statement_t *statement)
{
    for (int i = 0; i < COLUMNS; i++) {
        statement->at[i] = -1;
    }
    for (int i = 0; i < statement->record->nelts; i++) {
        const char *name = APR_ARRAY_IDX(statement->record, i, const char *);
        int column = column_of(name);
        if (column == COLUMNS) {
            refuse(statement, NULL, ORDERS_E_unknown_field,
                   apr_psprintf(statement->pool, "Column %d has an unknown name.", i + 1));
        } else if (statement->at[column] >= 0) {
            refuse(statement, columns[column].name, ORDERS_E_invalid_field,
                   "The header names this column twice.");
        } else {
            statement->at[column] = i;
        }
    }
    for (int i = 0; i < COLUMNS; i++) {
        if (statement->at[i] < 0 && !columns[i].optional) {
            refuse(statement, columns[i].name, ORDERS_E_required_field, "The column is missing.");
        }
    }
}

/* An empty field is absent. */
static const char *value_of(const statement_t *statement, int column)
{
    int at = statement->at[column];
    const char *value = at < 0 ? "" : APR_ARRAY_IDX(statement->record, at, const char *);
    return *value ? value : NULL;
}

static void write_member(statement_t *statement, int column, const char *value)
{
    apr_time_t time;
    if (column == AMOUNT) {
        orders_json_member_int(statement->json, columns[column].name, apr_atoi64(value));
    } else if (column == OCCURRED_AT && orders_time_parse(value, &time)) {
        orders_json_key(statement->json, columns[column].name);
        orders_json_time_us(statement->json, time);
    } else {
        orders_json_member_string(statement->json, columns[column].name, value);
    }
}

static void read_entry(statement_t *statement)
{
    orders_json_begin_object(statement->json);
    for (int i = 0; i < COLUMNS; i++) {
        const char *value = value_of(statement, i);
        const char *wrong = value ? columns[i].check(statement, value) : NULL;
        if (!value && !columns[i].optional) {
            refuse(statement, columns[i].name, ORDERS_E_required_field, "The field is required.");
        } else if (wrong) {
            refuse(statement, columns[i].name, ORDERS_E_invalid_field, wrong);
        } else if (value) {
            write_member(statement, i, value);
        }
    }
    orders_json_end_object(statement->json);
}

static orders_problem_t *read_entries(statement_t *statement)
{
    int fields = statement->record->nelts;
    while (orders_csv_read(&statement->csv, statement->record)) {
        if (++statement->entries > MAX_ENTRIES) {
            return orders_problem(statement->pool, ORDERS_E_body_too_large,
                                  "At most 10,000 lines.");
        }
        if (statement->record->nelts == fields) {
            read_entry(statement);
        } else {
            refuse(statement, NULL, ORDERS_E_invalid_field,
                   apr_psprintf(statement->pool, "The line has %d fields, and the header %d.",
                                statement->record->nelts, fields));
        }
    }
    return NULL;
}

static orders_problem_t *fault_of(const statement_t *statement)
{
    return orders_problem(
        statement->pool, ORDERS_E_malformed_request,
        apr_psprintf(statement->pool, "Line %d: %s", statement->csv.line, statement->csv.fault));
}

static orders_problem_t *open_text(statement_t *statement, const orders_call_t *call)
{
    const char *text = call->body;
    apr_size_t length = call->body_length;
    orders_text_skip_mark(&text, &length);
    if (!orders_utf8_valid(text, length) || memchr(text, '\0', length)) {
        return orders_problem(call->pool, ORDERS_E_malformed_request, "The body must be UTF-8.");
    }
    orders_csv_open(&statement->csv, apr_pstrmemdup(call->pool, text, length), length);
    if (!orders_csv_read(&statement->csv, statement->record)) {
        return statement->csv.fault
                   ? fault_of(statement)
                   : orders_problem(call->pool, ORDERS_E_malformed_request, "There is no header.");
    }
    return NULL;
}

orders_problem_t *orders_operator_statement(const orders_call_t *call, apr_time_t from,
                                            apr_time_t to, const char **entries)
{
    statement_t statement = {
        .pool = call->pool,
        .from = from,
        .to = to,
        .record = apr_array_make(call->pool, COLUMNS, sizeof(const char *)),
        .seen = apr_hash_make(call->pool),
        .json = orders_json_open(call->pool),
    };
    ORDERS_TRY(open_text(&statement, call));
    read_header(&statement);
    if (!statement.problem) {
        orders_json_begin_array(statement.json);
        ORDERS_TRY(read_entries(&statement));
        orders_json_end_array(statement.json);
    }
    if (statement.csv.fault) {
        return fault_of(&statement);
    }
    ORDERS_TRY(statement.problem);
    *entries = orders_json_text(statement.json, call->pool, NULL);
    return NULL;
}
