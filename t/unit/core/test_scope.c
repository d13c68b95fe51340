/* SPDX-License-Identifier: Apache-2.0 */
/* Names of scopes, and the scopes that another scope implies. */
#include "support.h"

#include "core/call.h"
#include "core/scope.h"

static bool add(unsigned *scopes, const char *name)
{
    return orders_scope_add(scopes, name, strlen(name));
}

static void knows_every_name(void **state)
{
    unsigned all = ORDERS_SCOPE_NONE;

    for (unsigned i = 0; i < ORDERS_SCOPE__COUNT; i++) {
        unsigned one = ORDERS_SCOPE_NONE;

        assert_true(add(&one, orders_scope_name(i)));
        assert_int_equal(one, 1u << i);
        assert_true(add(&all, orders_scope_name(i)));
    }
    assert_int_equal(all, (1u << ORDERS_SCOPE__COUNT) - 1);
    assert_null(orders_scope_name(ORDERS_SCOPE__COUNT));
}

static void knows_no_other_name(void **state)
{
    static const char *const names[] = {"",       "operator.", "operator.readx", "Operator",
                                        ".read",  "operato",   "operator read",  "operator*",
                                        "buyer ", " buyer",    "operator.*"};

    for (size_t i = 0; i < COUNT(names); i++) {
        unsigned scopes = ORDERS_SCOPE_NONE;

        assert_false(add(&scopes, names[i]));
        assert_int_equal(scopes, ORDERS_SCOPE_NONE);
    }
}

/* A name is not the beginning of a longer one: "operator" is not found in "operator.read". */
static void compares_whole_names(void **state)
{
    unsigned scopes = ORDERS_SCOPE_NONE;

    assert_true(orders_scope_add(&scopes, "operator.read", 8));
    assert_int_equal(scopes, ORDERS_SCOPE_OPERATOR);
    scopes = ORDERS_SCOPE_NONE;
    assert_true(orders_scope_add(&scopes, "operator.read", 13));
    assert_int_equal(scopes, ORDERS_SCOPE_OPERATOR_READ);
}

static void implies_only_the_parts_of_operator(void **state)
{
    for (unsigned i = 0; i < ORDERS_SCOPE__COUNT; i++) {
        unsigned scope = 1u << i;

        assert_int_equal(orders_scopes_held(scope), scope == ORDERS_SCOPE_OPERATOR
                                                        ? scope | ORDERS_SCOPES_OPERATOR_PARTS
                                                        : scope);
    }
    assert_int_equal(orders_scopes_held(ORDERS_SCOPES_OPERATOR_PARTS),
                     ORDERS_SCOPES_OPERATOR_PARTS);
    assert_int_equal(orders_scopes_held(ORDERS_SCOPE_NONE), ORDERS_SCOPE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_every_name),
        TEST(knows_no_other_name),
        TEST(compares_whole_names),
        TEST(implies_only_the_parts_of_operator),
    };

    return RUN(tests);
}
