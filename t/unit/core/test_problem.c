/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of problems, and collecting refused fields. */
#include "support.h"

static void uses_the_sentence_of_the_error(void **state)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_not_found, NULL);

    assert_string_equal(problem->detail, orders_error_sentence(ORDERS_E_not_found));
    assert_string_equal(orders_problem(pool, ORDERS_E_busy, "Later.")->detail, "Later.");
    assert_null(problem->fields);
    assert_string_equal(problem->sqlstate, "");
    assert_int_equal(problem->retry_after, 0);
}

static void collects_fields(void **state)
{
    orders_problem_t *problem = NULL;
    orders_problem_t *more = NULL;

    orders_problem_field(&problem, pool, "plan_id", ORDERS_E_required_field, NULL);
    assert_int_equal(problem->error, ORDERS_E_invalid_fields);
    orders_problem_field(&more, pool, "quantity", ORDERS_E_out_of_range, "Too many.");
    orders_problem_merge(&problem, pool, more);
    orders_problem_merge(&problem, pool, NULL);
    orders_problem_merge(&problem, pool, orders_problem(pool, ORDERS_E_busy, NULL));
    assert_string_equal(fields_of(problem), "plan_id:required_field quantity:out_of_range");
    assert_string_equal(APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t).message,
                        orders_error_sentence(ORDERS_E_required_field));
}

static void words_and_numbers_are_unique(void **state)
{
    int left, right;

    for (left = 0; left < ORDERS_E__COUNT; left++) {
        for (right = left + 1; right < ORDERS_E__COUNT; right++) {
            assert_int_not_equal(orders_error_number((orders_error_e)left),
                                 orders_error_number((orders_error_e)right));
            assert_string_not_equal(orders_error_code((orders_error_e)left),
                                    orders_error_code((orders_error_e)right));
        }
        assert_int_equal(
            orders_error_by_code(orders_error_code((orders_error_e)left), ORDERS_E__COUNT), left);
    }
}

static void has_a_status_for_each_error(void **state)
{
    assert_int_equal(orders_kind_status(orders_error_kind(ORDERS_E_malformed_json)), 400);
    assert_int_equal(orders_kind_status(orders_error_kind(ORDERS_E_insufficient_balance)), 402);
    assert_int_equal(orders_kind_status(orders_error_kind(ORDERS_E_order_not_cancellable)), 409);
    assert_int_equal(orders_kind_status((orders_kind_e)999), 500);
}

static void handles_unknown_errors(void **state)
{
    assert_int_equal(orders_error_by_code("no_such_word", ORDERS_E_database_error),
                     ORDERS_E_database_error);
    assert_int_equal(orders_error_by_code(NULL, ORDERS_E_busy), ORDERS_E_busy);
    assert_string_equal(orders_error_code((orders_error_e)9999), "internal_error");
    assert_string_equal(orders_error_code((orders_error_e)-1), "internal_error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(uses_the_sentence_of_the_error), TEST(collects_fields),
        TEST(words_and_numbers_are_unique),   TEST(has_a_status_for_each_error),
        TEST(handles_unknown_errors),
    };

    return RUN(tests);
}
