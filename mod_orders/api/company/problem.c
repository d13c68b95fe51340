/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The company API: errors. Each route has a table of the error names that it returns for errors of the client. If the name depends
 * on the states of the order, a projection determines it.
 */
#include <jansson.h>
#include <string.h>

#include "api/company/company.h"
#include "api/company/pages.h"

static const orders_projection_t states[] = {
    {.order = ORDERS_CLOSED, .value = "closed"},
    {.payment = ORDERS_PAYMENT(CLOSED), .value = "closed"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .value = "refunded"},
    {.payment = ORDERS_PAID, .value = "paid"},
    {.payment = ORDERS_PAYMENT(CONFIRMING), .value = "confirming"},
    {.value = "open"},
};

/* A paid order that cannot be refunded has a total of 0. The specification has no error name for it. */
static const orders_projection_t refund_states[] = {
    {.order = ORDERS_CLOSED, .value = "closed"},
    {.payment = ORDERS_PAYMENT(CLOSED) | ORDERS_PAYMENT(PAID), .value = "closed"},
    {.payment = ORDERS_REFUNDING, .value = "refunded"},
    {.payment = ORDERS_PAYMENT(CONFIRMING), .value = "confirming"},
    {.value = "open"},
};

static const orders_projection_t consumer_states[] = {
    {.order = ORDERS_ORDER(EXPIRED), .value = "order_is_timeout"},
    {.order = ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(ERROR), .value = "order_is_aborted"},
    {.value = "order_is_finished"},
};

static const orders_projection_t edit_states[] = {
    {.order = ORDERS_ORDER(EXPIRED), .value = "order_is_timeout"},
    {.value = "order_not_exist"},
};

/* Authentication and the company of the caller: the same for all routes of salespeople. */
#define SELLER_ERRORS                                                                              \
    {ORDERS_E_unauthenticated, "does not signin", NULL},                                           \
        {ORDERS_E_forbidden, "does not signin", NULL},                                             \
        {ORDERS_E_company_not_chosen, "not select company yet", NULL},                             \
        {ORDERS_E_company_not_found, "company not exist", NULL},                                   \
    {                                                                                              \
        ORDERS_E_not_a_member, "not company member", NULL                                          \
    }

static const orders_company_error_t list_errors[] = {SELLER_ERRORS};

static const orders_company_error_t create_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_a_seller, "not company member", NULL},
    {ORDERS_E_cart_not_found, "cart not exist", NULL},
    {ORDERS_E_cart_ordered, "repeat", NULL},
    {ORDERS_E_cart_empty, "no products", NULL},
    {ORDERS_E_product_not_sold, "product invalid", NULL},
};

static const orders_company_error_t payment_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_found, "order not exist", NULL},
    {ORDERS_E_not_the_retailer, "order not exist", NULL},
    {ORDERS_E_transaction_id_taken, "repeated", NULL},
    {ORDERS_E_order_not_payable, NULL, states},
};

static const orders_company_error_t cancel_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_found, "order not exist", NULL},
    {ORDERS_E_order_not_cancellable, NULL, states},
};

static const orders_company_error_t refund_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_found, "order not exist", NULL},
    {ORDERS_E_not_the_retailer, "not reatiler order", NULL},
    {ORDERS_E_order_not_refundable, NULL, refund_states},
    {ORDERS_E_refund_in_progress, "refunded", NULL},
    {ORDERS_E_refund_window_closed, "refund expired", NULL},
    {ORDERS_E_transaction_id_taken, "repeated", NULL},
    {ORDERS_E_terminal_transaction_not_found, "transaction not found", NULL},
    {ORDERS_E_terminal_transaction_mismatch, "invalid transaction id", NULL},
};

static const orders_company_error_t query_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_found, "order not exist", NULL},
    {ORDERS_E_refund_window_closed, "refund expired", NULL},
    {ORDERS_E_order_not_refundable, NULL, refund_states},
    {ORDERS_E_refund_in_progress, "refunded", NULL},
};

static const orders_company_error_t detail_errors[] = {
    SELLER_ERRORS,
    {ORDERS_E_not_a_seller, "no permission", NULL},
    {ORDERS_E_not_found, "order not exist", NULL},
};

static const orders_company_error_t send_errors[] = {
    {ORDERS_E_unauthenticated, "does not signin", NULL},
    {ORDERS_E_forbidden, "does not signin", NULL},
    {ORDERS_E_not_found, "order not exist", NULL},
    {ORDERS_E_invalid_field, "invalid email", NULL},
    {ORDERS_E_payment_method_mismatch, "invalid payment", NULL},
    {ORDERS_E_order_not_payable, NULL, states},
};

static const orders_company_error_t result_errors[] = {
    {ORDERS_E_not_found, "result not exist", NULL},
    {ORDERS_E_link_expired, "log expired", NULL},
};

#define CONSUMER_ERRORS                                                                            \
    {ORDERS_E_unauthenticated, "not_sign_in", NULL}, {ORDERS_E_forbidden, "not_sign_in", NULL},    \
        {ORDERS_E_not_found, "order_not_exist", NULL},                                             \
    {                                                                                              \
        ORDERS_E_order_bound, "order_not_bound_same_user", NULL                                    \
    }

static const orders_company_error_t partial_errors[] = {
    CONSUMER_ERRORS,
    {ORDERS_E_order_not_payable, NULL, consumer_states},
};

static const orders_company_error_t confirm_errors[] = {
    CONSUMER_ERRORS,
    {ORDERS_E_order_not_payable, "order_not_exist", NULL},
};

static const orders_company_error_t edit_errors[] = {
    CONSUMER_ERRORS,
    {ORDERS_E_order_not_payable, NULL, edit_states},
    {ORDERS_E_invalid_fields, "illegal_form_input", NULL},
};

static const orders_company_error_t invoice_errors[] = {
    {ORDERS_E_unauthenticated, "does not signin", NULL},
    {ORDERS_E_forbidden, "does not signin", NULL},
    {ORDERS_E_not_found, "order not exist", NULL},
};

#define MISSING "lack of parameters"
#define REFUSALS(name, fallback)                                                                   \
    const orders_company_refusals_t orders_company_##name##_refusals = {                           \
        .otherwise = (fallback), .errors = name##_errors, .count = ORDERS_COUNT(name##_errors)}

REFUSALS(list, MISSING);
REFUSALS(create, MISSING);
REFUSALS(payment, MISSING);
REFUSALS(cancel, MISSING);
REFUSALS(refund, MISSING);
REFUSALS(query, MISSING);
REFUSALS(detail, MISSING);
REFUSALS(send, "does not signin");
REFUSALS(result, "result not exist");
REFUSALS(partial, "not_sign_in");
REFUSALS(confirm, "not_sign_in");
REFUSALS(edit, "not_sign_in");
REFUSALS(invoice, "does not signin");
const orders_company_refusals_t orders_company_page_refusals = {.page = true};

/* Problems that are not about fields keep their HTTP status; their error name depends on the kind. */
static const struct {
    orders_kind_e kind;
    const char *name;
} common_names[] = {
    {ORDERS_KIND_NOT_FOUND, "not found"},
    {ORDERS_KIND_METHOD_NOT_ALLOWED, "method not allowed"},
    {ORDERS_KIND_NOT_ACCEPTABLE, "not acceptable"},
    {ORDERS_KIND_TIMED_OUT, "request timeout"},
    {ORDERS_KIND_PRECONDITION_FAILED, "precondition failed"},
    {ORDERS_KIND_TOO_LARGE, "body too large"},
    {ORDERS_KIND_UNSUPPORTED_TYPE, "unsupported media type"},
    {ORDERS_KIND_TOO_MANY, "too many requests"},
    {ORDERS_KIND_UNAVAILABLE, "service unavailable"},
    {ORDERS_KIND_INTERNAL, "internal error"},
};

/* The error name for the states in the problem. */
static const char *state_name(const orders_projection_t *table, const orders_problem_t *problem)
{
    orders_order_t order = {0};
    json_t *named = problem->extra ? json_loads(problem->extra, 0, NULL) : NULL;
    order.state = json_string_value(json_object_get(named, "state"));
    order.payment_state = json_string_value(json_object_get(named, "payment_state"));
    const char *name = orders_project(table, &order);
    json_decref(named);
    return name;
}

static const char *find_name(const orders_company_refusals_t *refusals,
                             const orders_problem_t *problem)
{
    for (size_t i = 0; i < refusals->count; i++) {
        if (refusals->errors[i].error == problem->error) {
            return refusals->errors[i].state ? state_name(refusals->errors[i].state, problem)
                                             : refusals->errors[i].name;
        }
    }
    return NULL;
}

static const char *common_name(orders_kind_e kind)
{
    for (size_t i = 0; i < ORDERS_COUNT(common_names); i++) {
        if (common_names[i].kind == kind) {
            return common_names[i].name;
        }
    }
    return NULL;
}

/* Idempotency keys are not in the specification: their errors have the status and the code that they have in all APIs. */
static bool is_key_error(orders_error_e error)
{
    return error == ORDERS_E_idempotency_key_mismatch ||
           error == ORDERS_E_invalid_idempotency_key || error == ORDERS_E_idempotency_in_flight ||
           error == ORDERS_E_idempotency_key_reused;
}

static const char *choose_name(const orders_call_t *call, const orders_problem_t *problem,
                               int *status)
{
    const orders_company_refusals_t *refusals = call->route ? call->route->refusals : NULL;
    const char *name = refusals ? find_name(refusals, problem) : NULL;
    if (name) {
        *status = 403;
        return name;
    }
    *status = orders_kind_status(orders_error_kind(problem->error));
    if (is_key_error(problem->error)) {
        return orders_error_code(problem->error);
    }
    name = common_name(orders_error_kind(problem->error));
    if (!name && refusals) {
        *status = 403;
        return refusals->otherwise;
    }
    return name ? name : orders_error_code(problem->error);
}

/* The members of `extra` that the specification has beside `error_name`. */
static void write_extra_members(orders_json_t *json, const char *extra, apr_pool_t *pool)
{
    static const char *const names[] = {"products", "order_number", "payment_method", "qrcode",
                                        "validation"};
    json_t *object = extra ? json_loads(extra, 0, NULL) : NULL;
    for (size_t i = 0; i < ORDERS_COUNT(names); i++) {
        json_t *value = json_object_get(object, names[i]);
        char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (text) {
            orders_json_member_raw(json, names[i], text, strlen(text));
            free(text);
        }
    }
    json_decref(object);
}

/*
 * The header has the names of the refused parameters, because the body has only an error name. SQL refuses the parameter `cart_id` under the
 * name `cart`.
 */
static void add_parameter_names(const orders_problem_t *problem, orders_reply_t *reply,
                                apr_pool_t *pool)
{
    const char *names = problem->error == ORDERS_E_cart_not_found
                            ? "cart_id"
                            : orders_problem_field_names(pool, problem);
    if (names) {
        reply->headers = reply->headers ? reply->headers : apr_table_make(pool, 1);
        apr_table_setn(reply->headers, "Orders-Refused-Parameters", names);
    }
}

void orders_company_problem(const orders_call_t *call, const orders_problem_t *problem,
                            orders_reply_t *reply)
{
    if (orders_company_page_problem(call, problem, reply)) {
        return;
    }
    const char *name = choose_name(call, problem, &reply->status);
    add_parameter_names(problem, reply, call->pool);
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "error_name", name);
    write_extra_members(reply->json, problem->extra, call->pool);
    orders_json_end_object(reply->json);
}

orders_problem_t *orders_company_refuse_state(apr_pool_t *pool, orders_error_e error,
                                              const orders_order_t *order)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;
    orders_json_begin_object(json);
    orders_json_member_string(json, "state", order->state);
    orders_json_member_string(json, "payment_state", order->payment_state);
    orders_json_end_object(json);
    problem->extra = orders_json_text(json, pool, &length);
    return problem;
}
