/* SPDX-License-Identifier: Apache-2.0 */
#include "store/operation.h"

#include <string.h>

#define FINGERPRINT_SIZE 32

void orders_writer_params(orders_params_t *params, const orders_writer_t *writer)
{
    orders_params_init(params, writer->pool);
    orders_param_int(params, writer->tenant);
    orders_param_text(params, writer->api);
    orders_param_text(params, writer->actor);
    orders_param_int_or_null(params, writer->actor_id != 0, writer->actor_id);
    orders_param_text(params, writer->route);
    orders_param_text(params, writer->key);
    orders_param_bytes(params, writer->key ? writer->fingerprint : NULL, FINGERPRINT_SIZE);
}

/* Writes an element between quotes; returns the end. */
static char *quote(char *out, const char *element)
{
    *out++ = '"';
    for (; *element; element++) {
        if (*element == '"' || *element == '\\') {
            *out++ = '\\';
        }
        *out++ = *element;
    }
    *out++ = '"';
    return out;
}

void orders_param_array(orders_params_t *params, const char *const *elements, int count)
{
    apr_size_t size = 3;
    for (int i = 0; i < count; i++) {
        size += 2 * strlen(elements[i]) + 3;
    }
    char *text = apr_palloc(params->pool, size);
    char *out = text;
    *out++ = '{';
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            *out++ = ',';
        }
        out = quote(out, elements[i]);
    }
    *out++ = '}';
    *out = '\0';
    orders_param_text(params, text);
}

void orders_param_match(orders_params_t *params, const apr_array_header_t *tags)
{
    if (tags) {
        orders_param_array(params, (const char *const *)tags->elts, tags->nelts);
    } else {
        orders_param_text(params, NULL);
    }
}

orders_problem_t *orders_store_read(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params, orders_answer_t **answer)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_READ, &result));
    return orders_answer_read(reader->pool, result, answer);
}

/* The order book refuses a key as a field; one that came as a header is none. */
static orders_problem_t *about_header(const orders_writer_t *writer, orders_problem_t *problem)
{
    if (writer->key_in_header && (problem->error == ORDERS_E_idempotency_key_reused ||
                                  problem->error == ORDERS_E_idempotency_in_flight)) {
        problem->fields = NULL;
    }
    return problem;
}

static orders_problem_t *write_as(const orders_writer_t *writer, orders_intent_e intent,
                                  const orders_statement_t *statement,
                                  const orders_params_t *params, orders_answer_t **answer)
{
    PGresult *result;
    orders_problem_t *problem =
        orders_database_execute(writer->database, writer->pool, statement, params, intent, &result);
    if (problem) {
        return about_header(writer, problem);
    }
    return orders_answer_read(writer->pool, result, answer);
}

orders_problem_t *orders_store_write(const orders_writer_t *writer,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params, orders_answer_t **answer)
{
    return write_as(writer, writer->key ? ORDERS_WRITE_KEYED : ORDERS_WRITE, statement, params,
                    answer);
}

orders_problem_t *orders_store_write_again(const orders_writer_t *writer,
                                           const orders_statement_t *statement,
                                           const orders_params_t *params, orders_answer_t **answer)
{
    return write_as(writer, ORDERS_WRITE_KEYED, statement, params, answer);
}

orders_problem_t *orders_answer_order(apr_pool_t *pool, const orders_answer_t *answer,
                                      const orders_order_t **order)
{
    *order = orders_first(answer->orders);
    return *order ? NULL : orders_problem(pool, ORDERS_E_not_found, NULL);
}
