/* SPDX-License-Identifier: Apache-2.0 */
/**
 * For all unit tests: cmocka with its headers, and a pool for each test.
 */
#ifndef ORDERS_UNIT_SUPPORT_H
#define ORDERS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

#include "core/problem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEST(function) cmocka_unit_test_setup_teardown(function, pool_open, pool_close)

static apr_pool_t *pool;

static int pool_open(void **state)
{
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int pool_close(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static int apr_open(void **state)
{
    return apr_initialize() != APR_SUCCESS;
}

static int apr_close(void **state)
{
    apr_terminate();
    return 0;
}

#define RUN(tests) cmocka_run_group_tests(tests, apr_open, apr_close)

/** The code of a problem, "" if it is NULL. */
static inline const char *code_of(const orders_problem_t *problem)
{
    return problem ? orders_error_code(problem->error) : "";
}

/** The refused fields: "plan_id:required_field quantity:out_of_range". */
static inline const char *fields_of(const orders_problem_t *problem)
{
    const char *list = "";
    int index;

    for (index = 0; problem && problem->fields && index < problem->fields->nelts; index++) {
        const orders_field_error_t *refused =
            &APR_ARRAY_IDX(problem->fields, index, orders_field_error_t);

        list = apr_pstrcat(pool, list, *list ? " " : "", refused->field, ":",
                           orders_error_code(refused->error), NULL);
    }
    return list;
}

#endif
