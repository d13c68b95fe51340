/* SPDX-License-Identifier: Apache-2.0 */
/** The problem of a request whose database fails after a committed write. */
#include "support.h"

#include "store/database.h"

static const char *reported(bool written, orders_error_e error, const char *extra)
{
    const orders_database_t database = {.written = written};
    orders_problem_t *problem = orders_problem(pool, error, NULL);

    problem->extra = extra;
    return code_of(orders_database_problem(&database, pool, problem));
}

static void test_a_temporary_failure_leaves_the_outcome_unknown(void **state)
{
    static const orders_error_e failures[] = {ORDERS_E_busy, ORDERS_E_database_unavailable,
                                              ORDERS_E_serialization_failed,
                                              ORDERS_E_statement_timeout};

    for (size_t i = 0; i < COUNT(failures); i++) {
        assert_string_equal(reported(true, failures[i], NULL), "outcome_unknown");
        assert_string_equal(reported(false, failures[i], NULL), orders_error_code(failures[i]));
        assert_string_equal(reported(true, failures[i], "{\"lines_stored\": 1}"),
                            orders_error_code(failures[i]));
    }
}

static void test_other_problems_are_reported_as_they_are(void **state)
{
    const orders_database_t database = {.written = true};

    assert_string_equal(reported(true, ORDERS_E_order_not_payable, NULL), "order_not_payable");
    assert_string_equal(reported(true, ORDERS_E_provider_unreachable, NULL),
                        "provider_unreachable");
    assert_null(orders_database_problem(&database, pool, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_temporary_failure_leaves_the_outcome_unknown),
        TEST(test_other_problems_are_reported_as_they_are),
    };

    return RUN(tests);
}
