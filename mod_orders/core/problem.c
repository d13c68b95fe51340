/* SPDX-License-Identifier: Apache-2.0 */
#include "core/problem.h"

#include <apr_strings.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    int number;
    const char *code;
    orders_kind_e kind;
    const char *sentence;
} error_row_t;

static const error_row_t errors[] = {
#define X(error_number, error_code, error_kind, text)                                              \
    [ORDERS_E_##error_code] = {.number = error_number,                                             \
                               .code = #error_code,                                                \
                               .kind = ORDERS_KIND_##error_kind,                                   \
                               .sentence = text},
    ORDERS_ERRORS(X)
#undef X
};

static const int statuses[] = {
#define X(name, status) [ORDERS_KIND_##name] = status,
    ORDERS_KINDS(X)
#undef X
};

/** The row of an error; that of `internal_error` for an invalid value. */
static const error_row_t *row_of(orders_error_e error)
{
    unsigned index = (unsigned)error;

    return &errors[index < ORDERS_E__COUNT ? index : (unsigned)ORDERS_E_internal_error];
}

orders_problem_t *orders_problem(apr_pool_t *pool, orders_error_e error, const char *detail)
{
    orders_problem_t *problem = apr_pcalloc(pool, sizeof(*problem));

    problem->error = error;
    problem->detail = detail ? detail : row_of(error)->sentence;
    return problem;
}

orders_problem_t *orders_problem_logged(apr_pool_t *pool, orders_error_e error, const char *log)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);

    problem->log = log;
    return problem;
}

void orders_problem_field(orders_problem_t **problem, apr_pool_t *pool, const char *field,
                          orders_error_e error, const char *message)
{
    orders_field_error_t *refused;

    if (!*problem) {
        *problem = orders_problem(pool, ORDERS_E_invalid_fields, NULL);
    }
    if (!(*problem)->fields) {
        (*problem)->fields = apr_array_make(pool, 2, sizeof(orders_field_error_t));
    }
    refused = apr_array_push((*problem)->fields);
    refused->field = field;
    refused->error = error;
    refused->message = message ? message : row_of(error)->sentence;
}

void orders_problem_merge(orders_problem_t **problem, apr_pool_t *pool,
                          const orders_problem_t *other)
{
    int index;

    for (index = 0; other && other->fields && index < other->fields->nelts; index++) {
        const orders_field_error_t *refused =
            &APR_ARRAY_IDX(other->fields, index, orders_field_error_t);

        orders_problem_field(problem, pool, refused->field, refused->error, refused->message);
    }
}

static bool is_plain(const char *name)
{
    const char *at = name;

    while (*at > ' ' && *at < 0x7F && *at != ',') {
        at++;
    }
    return *name && *at == '\0' && at - name <= 64;
}

const char *orders_problem_field_names(apr_pool_t *pool, const orders_problem_t *problem)
{
    const char *names = NULL;
    int index;

    for (index = 0; problem->fields && index < problem->fields->nelts && index < 20; index++) {
        const char *name = APR_ARRAY_IDX(problem->fields, index, orders_field_error_t).field;

        if (is_plain(name)) {
            names = names ? apr_pstrcat(pool, names, ",", name, NULL) : name;
        }
    }
    return names;
}

int orders_error_number(orders_error_e error)
{
    return row_of(error)->number;
}

const char *orders_error_code(orders_error_e error)
{
    return row_of(error)->code;
}

const char *orders_error_sentence(orders_error_e error)
{
    return row_of(error)->sentence;
}

orders_kind_e orders_error_kind(orders_error_e error)
{
    return row_of(error)->kind;
}

int orders_kind_status(orders_kind_e kind)
{
    unsigned index = (unsigned)kind;

    return index < sizeof(statuses) / sizeof(statuses[0]) ? statuses[index] : 500;
}

int orders_problem_status(const orders_problem_t *problem)
{
    return problem->status ? problem->status
                           : orders_kind_status(orders_error_kind(problem->error));
}

orders_error_e orders_error_by_code(const char *code, orders_error_e fallback)
{
    unsigned index;

    for (index = 0; code && index < ORDERS_E__COUNT; index++) {
        if (strcmp(errors[index].code, code) == 0) {
            return (orders_error_e)index;
        }
    }
    return fallback;
}
