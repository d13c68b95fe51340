/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: status values, periods, the users that a caller may act for, the JSON of orders, errors. */
#include "orders.h"

#include <jansson.h>

#include "api/commerce/commerce.h"
#include "api/registry.h"
#include "core/time.h"

static void status_follows_the_states(void **state)
{
    static const struct {
        const char *state, *payment_state, *value;
    } cases[] = {
        {"open", "unpaid", "pending"},
        {"open", "confirming", "pending"},
        {"open", "paid", "processing"},
        {"open", "refund_pending", "processing"},
        {"open", "partially_refunded", "processing"},
        {"open", "failed", "failed"},
        {"error", "unpaid", "failed"},
        {"error", "failed", "failed"},
        {"completed", "paid", "completed"},
        {"completed", "refund_pending", "completed"},
        {"completed", "partially_refunded", "completed"},
        {"completed", "refunded", "refunded"},
        {"open", "refunded", "refunded"},
        {"cancelled", "closed", "cancelled"},
        {"cancelled", "refunded", "refunded"},
        {"cancelled", "partially_refunded", "cancelled"},
        {"cancelled", "refund_pending", "cancelled"},
        {"expired", "closed", "cancelled"},
        {"expired", "refunded", "refunded"},
        {"error", "refunded", "refunded"},
        {"a newer state", "a newer state", "pending"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(
            word_of(orders_commerce_status, cases[i].state, cases[i].payment_state, "pending"),
            cases[i].value);
    }
}

/* The days of a period ("-": after the year 9999) or its unit; "" if the text is not a period. */
static const char *period_of(const char *text)
{
    orders_commerce_period_t period;
    if (!orders_commerce_period(&period, text, pool)) {
        return "";
    }
    return period.unit ? period.unit
                       : apr_pstrcat(pool, period.from, " ", period.to ? period.to : "-", NULL);
}

#define FROM_TO(from, to) from " " to

static void periods_of_words(void **state)
{
    assert_string_equal(period_of("today"), "day");
    assert_string_equal(period_of("week"), "week");
    assert_string_equal(period_of("month"), "month");
    assert_string_equal(period_of("year"), "year");
    assert_string_equal(period_of("day"), "");
}

static void periods_of_dates(void **state)
{
    static const char *const cases[][2] = {
        {"2026-11", FROM_TO("2026-11-01", "2026-12-01")},
        {"2026-12", FROM_TO("2026-12-01", "2027-01-01")},
        {"2028-02", FROM_TO("2028-02-01", "2028-03-01")},
        {"0001-01", FROM_TO("0001-01-01", "0001-02-01")},
        {"9999-12", "9999-12-01 -"},
        {"2026-11-01..2026-11-30", FROM_TO("2026-11-01", "2026-12-01")},
        {"2028-02-29..2028-02-29", FROM_TO("2028-02-29", "2028-03-01")},
        {"2026-12-31..2027-01-01", FROM_TO("2026-12-31", "2027-01-02")},
        {"1969-12-31..1969-12-31", FROM_TO("1969-12-31", "1970-01-01")},
        {"2026-01-01..9999-12-31", "2026-01-01 -"},
    };
    static const char *const none[] = {
        "",
        "yesterday",
        "Today",
        "weeks",
        "2026",
        "2026-13",
        "2026-00",
        "0000-01",
        "2026-1",
        "2026-011",
        "26-11",
        "2026/11",
        "2026-11 ",
        "2026-11-01",
        "2026-11-01..",
        "..2026-11-01",
        "2026-11-02..2026-11-01",
        "2026-02-29..2026-03-01",
        "2026-02-01..2026-02-29",
        "2100-02-29..2100-03-01",
        "2026-11-01..2026-11-31",
        "2026-11-01...2026-11-30",
        "2026-11-01..2026-11-30Z",
        "2026-11-01T00..2026-11-30",
        "2026-11..2026-12",
        "-026-11",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(period_of(cases[i][0]), cases[i][1]);
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_string_equal(period_of(none[i]), "");
    }
}

static void count_nothing(const orders_call_t *call, int64_t user_id, const char *ref)
{
}

/* The user that the caller may act for, or "". `user`: the reference of the authenticated user, or NULL. */
static const char *member_of(const char *user, unsigned scopes, const char *uid)
{
    const orders_identity_t application = {.ref = "app", .scopes = scopes};
    const orders_identity_t identity = {.ref = user, .scopes = ORDERS_SCOPE_BUYER};
    const orders_call_t call = {.pool = pool,
                                .application = &application,
                                .identity = user ? &identity : &application,
                                .count_for = count_nothing};
    const char *member = orders_commerce_member(&call, uid);
    return member ? member : "";
}

static void limits_the_users_that_a_caller_may_act_for(void **state)
{
    const unsigned plain = ORDERS_SCOPE_APPLICATION;
    const unsigned acting = ORDERS_SCOPE_APPLICATION | ORDERS_SCOPE_ACT_AS_USER;
    assert_string_equal(member_of("ann", plain, NULL), "ann");
    assert_string_equal(member_of("ann", plain, "ann"), "ann");
    assert_string_equal(member_of("ann", plain, "Ann"), "");
    assert_string_equal(member_of("ann", plain, "bob"), "");
    assert_string_equal(member_of("ann", acting, "bob"), "bob");
    assert_string_equal(member_of("ann", acting, NULL), "ann");
    assert_string_equal(member_of("ann", acting, ""), "");
    assert_string_equal(member_of(NULL, acting, "bob"), "bob");
    assert_string_equal(member_of(NULL, acting, NULL), "");
    assert_string_equal(member_of(NULL, acting, ""), "");
    assert_string_equal(member_of(NULL, plain, "app"), "");
}

static const char *no_header(const orders_call_t *call, const char *name)
{
    return NULL;
}

/* The member `a` of a body of this type, or the code of the error. */
static const char *body_of(const char *type, const char *text)
{
    orders_call_t call = {.pool = pool,
                          .route = route_of(&orders_commerce_api, "commerce.create"),
                          .content_type = type,
                          .body = text,
                          .body_length = strlen(text),
                          .header = no_header};
    orders_input_t *input;
    orders_problem_t *problem = orders_commerce_body(&input, &call);
    const char *value = problem ? code_of(problem) : orders_input_text(input, "a");
    return value ? value : "-";
}

static void detects_json_bodies(void **state)
{
#define FORM "application/x-www-form-urlencoded"
    assert_string_equal(body_of("", "{\"a\":1}"), "1");
    assert_string_equal(body_of("", " \r\n\t{\"a\":1}"), "1");
    assert_string_equal(body_of(FORM, "{\"a\":1}"), "1");
    assert_string_equal(body_of(FORM, "\n{\"a\":\"=1&\"}"), "=1&");
    assert_string_equal(body_of(FORM, "a=%7B"), "{");
    assert_string_equal(body_of(FORM, "%7B=1&a=2"), "2");
    assert_string_equal(body_of(FORM, "{"), "malformed_json");
    assert_string_equal(body_of("application/json", "{\"a\":1.50}"), "1.50");
    assert_string_equal(body_of("application/json", "a=1"), "malformed_json");
    assert_string_equal(body_of("", "a=1"), "unsupported_media_type");
    assert_string_equal(body_of("", "[1]"), "unsupported_media_type");
    assert_string_equal(body_of("text/plain", "{\"a\":1}"), "unsupported_media_type");
    assert_string_equal(body_of("multipart/form-data", "{\"a\":1}"), "malformed_form");
    assert_string_equal(body_of("multipart/form-data", ""), "-");
    assert_string_equal(body_of("text/plain", ""), "-");
    assert_string_equal(body_of("", ""), "-");
#undef FORM
}

static json_t *written(orders_json_t *json)
{
    json_t *value = json_loads(orders_json_text(json, pool, NULL), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

static orders_line_t line_of(const char *kind)
{
    return (orders_line_t){.kind = kind,
                           .id = 101,
                           .item_id = 46363,
                           .number = "KIT-9",
                           .product = "kit",
                           .variant = "Blue",
                           .title = "Kit \"9\"",
                           .image = "https://cdn.example/kit.jpg",
                           .quantity = 3,
                           .unit_price = 1000,
                           .list_price = 1250,
                           .subtotal = 3000,
                           .discount = 500,
                           .tax = 250,
                           .snapshot = {"{\"item\": {\"id\": 7}}", 19}};
}

static const char *lines_text(bool inclusive, const orders_line_t *lines, size_t count)
{
    orders_order_t order = order_of(inclusive, lines, count);
    orders_json_t *json = orders_json_open(pool);
    order.currency = "USD";
    orders_commerce_write_lines(json, &order);
    return orders_json_text(json, pool, NULL);
}

#define COMPONENT(title, total, included)                                                          \
    "{\"data\":[],\"title\":\"" title "\",\"total\":" total ",\"included\":" included              \
    ",\"quantity\":3,\"description\":\"Kit \\\"9\\\"\",\"currency_code\":\"USD\"}"

static void a_line_has_the_members_of_the_api(void **state)
{
    const orders_line_t line = line_of("product");
    assert_string_equal(
        lines_text(false, &line, 1),
        "[{\"id\":101,\"product_id\":46363,\"bundle_id\":7,\"line_item_label\":\"Kit \\\"9\\\"\","
        "\"quantity\":3,\"price\":\"10.00\",\"data\":{\"price\":{\"data\":[],\"items\":{"
        "\"base_price\":" COMPONENT("Base price", "30", "false") ",\"discount\":" COMPONENT(
            "Discount", "-5",
            "false") ",\"tax\":" COMPONENT("Tax", "2.5",
                                           "false") "},\"title\":\"Price\",\"total\":27.5,"
                                                    "\"quantity\":3,\"description\":\"Kit "
                                                    "\\\"9\\\"\",\"currency_code\":\"USD\","
                                                    "\"revenue_total\":25},\"modules\":{},"
                                                    "\"product\":{\"sku\":\"KIT-9\",\"product_"
                                                    "type\":\"Product\",\"product_type_code\":"
                                                    "\"product\"},\"item_display\":{\"items\":{"
                                                    "\"varient_attributes\":{\"title\":\"Blue\","
                                                    "\"params\":{\"price\":{\"value\":\"10.00\"},"
                                                    "\"images\":{\"value\":"
                                                    "\"https://cdn.example/"
                                                    "kit.jpg\"},\"product-name\":{\"value\":\"Kit "
                                                    "\\\"9\\\"\"},"
                                                    "\"whole-sale-price\":{\"value\":12.5}},"
                                                    "\"display\":{},\"description\":\"\"}}}},"
                                                    "\"order_id\":57,\"currency_code\":\"USD\","
                                                    "\"order_id_id\":57,\"status\":\"processing\","
                                                    "\"image_path\":\"https://cdn.example/"
                                                    "kit.jpg\"}]");
}

static void omits_the_component_of_included_tax(void **state)
{
    const orders_line_t line = line_of("package");
    const char *text = lines_text(true, &line, 1);
    assert_non_null(strstr(text, "\"base_price\":" COMPONENT("Base price", "30", "true")));
    assert_non_null(strstr(text, "\"discount\":" COMPONENT("Discount", "-5", "true") "},"));
    assert_non_null(strstr(text, "\"total\":25,\"quantity\":3,\"description\":\"Kit \\\"9\\\"\","
                                 "\"currency_code\":\"USD\",\"revenue_total\":22.5}"));
    assert_non_null(strstr(text, "\"product_type\":\"Package\",\"product_type_code\":\"package\""));
}

static void lines_add_up_to_the_total(void **state)
{
    const orders_line_t lines[] = {
        line_of("product"),
        {.kind = "shipping",
         .id = 102,
         .title = "JNE",
         .quantity = 1,
         .unit_price = 400,
         .list_price = 400,
         .subtotal = 400},
        {.kind = "discount",
         .id = 103,
         .title = "VOUCHER",
         .quantity = 1,
         .unit_price = -500,
         .list_price = -500,
         .subtotal = -500},
    };
    orders_order_t order = order_of(true, lines, COUNT(lines));
    orders_json_t *json = orders_json_open(pool);
    orders_commerce_write_lines(json, &order);
    json_t *shown = written(json);
    const json_t *shipping = json_array_get(shown, 1);
    assert_int_equal(json_array_size(shown), 2);
    assert_true(json_is_null(json_object_get(shipping, "product_id")));
    assert_true(json_is_null(json_object_get(shipping, "bundle_id")));
    assert_true(json_is_null(json_object_get(shipping, "image_path")));
    json_decref(shown);
}

static void an_entry_has_the_members_of_the_api(void **state)
{
    orders_order_t order = order_of(true, NULL, 0);
    order.currency = "TND";
    order.exponent = 3;
    order.total = 12340;
    order.created_at = apr_time_from_sec(1700000000) + 999999;
    order.updated_at = apr_time_from_sec(1700000001);
    order.metadata = (orders_document_t){"{\"a\": 1}", 8};
    order.of.addresses = apr_array_make(pool, 2, sizeof(orders_address_t));
    APR_ARRAY_PUSH(order.of.addresses, orders_address_t) =
        (orders_address_t){.id = 8, .type = "billing"};
    order.category = "renewal";
    order.currency_symbol = "DT";
    orders_json_t *json = orders_json_open(pool);
    orders_commerce_write_entry(json, &order, "17", pool);
    assert_string_equal(
        orders_json_text(json, pool, NULL),
        "{\"id\":57,\"uid\":\"17\",\"order_number\":\"20230724-10415772C\",\"data\":{\"a\": 1},"
        "\"order_total\":12.34,\"currency_symbol\":\"DT\",\"currency_code\":\"TND\","
        "\"order_type\":\"renewal\",\"status\":\"processing\",\"created\":1700000000,"
        "\"modified\":1700000001,\"shipping_id\":null,\"billing_id\":8}");
}

/* The response to a problem of a route; NULL: of an unknown path. */
static orders_reply_t refusal(const char *route, const orders_problem_t *problem)
{
    const orders_call_t call = {
        .pool = pool, .api = &orders_commerce_api, .route = route_of(&orders_commerce_api, route)};
    orders_reply_t reply = {.headers = apr_table_make(pool, 1), .etag = "\"1\""};
    orders_commerce_problem(&call, problem, &reply);
    assert_null(reply.etag);
    return reply;
}

static const char *text_of(const orders_reply_t *reply)
{
    return orders_json_text(reply->json, pool, NULL);
}

#define REFUSAL(status, errors)                                                                    \
    "{\"status_code\":" status ",\"error_type\":\"Validation Error\",\"errors\":{" errors          \
    "},\"data\":{}}"

static void maps_rules_to_messages_of_the_route(void **state)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_invalid_fields, NULL);
    problem->extra = "{\"refused\": [{\"rule\": \"product_unknown\", \"value\": \"46\\\"%s\"}, "
                     "{\"rule\": \"postcode_invalid\"}, {\"rule\": \"product_unknown\", "
                     "\"value\": \"\"}, {\"rule\": \"a newer one\"}, {}]}";
    orders_reply_t reply = refusal("commerce.create", problem);
    assert_string_equal(
        text_of(&reply),
        REFUSAL("400", "\"product_id\":[\"Invalid product_id 46\\\"%s\",\"Invalid product_id\"],"
                       "\"address_postal_code\":[\"Invalid address_postal_code\"],"
                       "\"detail\":[\"Some fields are not valid.\",\"Some fields are not "
                       "valid.\"]"));
    reply = refusal("commerce.upgrade", problem);
    assert_non_null(strstr(text_of(&reply), "\"address_postcode\":[\"Invalid postcode\"]"));
    problem->extra = "{\"refused\": [{\"rule\": \"quantity_invalid\", \"value\": \"0\"}]}";
    reply = refusal("commerce.create", problem);
    assert_string_equal(text_of(&reply),
                        REFUSAL("400", "\"quantity\":[\"Invalid quantity. Quantity must be "
                                       "greater than 1.\"]"));
    problem->extra = "no JSON";
    reply = refusal("commerce.create", problem);
    assert_string_equal(text_of(&reply),
                        REFUSAL("400", "\"detail\":[\"Some fields are not valid.\"]"));
}

static void renames_fields(void **state)
{
    orders_problem_t *problem = NULL;
    orders_problem_field(&problem, pool, "user", ORDERS_E_user_not_found, "No user.");
    orders_problem_field(&problem, pool, "limit", ORDERS_E_out_of_range, "Too low.");
    orders_problem_field(&problem, pool, "lines", ORDERS_E_insufficient_stock, "Too few.");
    orders_problem_field(&problem, pool, "uid", ORDERS_E_invalid_field, "No.");
    orders_reply_t reply = refusal("commerce.list", problem);
    assert_string_equal(text_of(&reply),
                        REFUSAL("400", "\"uid\":[\"No user.\",\"No.\"],\"limit\":[\"Too low.\"],"
                                       "\"quantity\":[\"Too few.\"]"));
}

static void problems_have_their_status(void **state)
{
    static const struct {
        const char *route;
        orders_error_e error;
        int status;
    } cases[] = {
        {"commerce.create", ORDERS_E_malformed_json, 400},
        {"commerce.create", ORDERS_E_insufficient_balance, 400},
        {"commerce.create", ORDERS_E_forbidden, 400},
        {"commerce.create", ORDERS_E_insufficient_stock, 400},
        {"commerce.detail", ORDERS_E_not_found, 400},
        {NULL, ORDERS_E_not_found, 404},
        {NULL, ORDERS_E_method_not_allowed, 405},
        {"commerce.create", ORDERS_E_request_timeout, 408},
        {"commerce.create", ORDERS_E_body_too_large, 413},
        {"commerce.create", ORDERS_E_unsupported_media_type, 415},
        {"commerce.create", ORDERS_E_database_error, 500},
        {"commerce.create", ORDERS_E_database_unavailable, 503},
        {"commerce.create", ORDERS_E_invalid_idempotency_key, 400},
        {"commerce.create", ORDERS_E_idempotency_in_flight, 409},
        {"commerce.create", ORDERS_E_idempotency_key_reused, 422},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_reply_t reply =
            refusal(cases[i].route, orders_problem(pool, cases[i].error, "Why."));
        assert_int_equal(reply.status, cases[i].status);
        assert_string_equal(
            text_of(&reply),
            apr_psprintf(pool, REFUSAL("%d", "\"detail\":[\"Why.\"]"), cases[i].status));
    }
}

static void names_the_missing_credential(void **state)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_unauthenticated, NULL);
    orders_reply_t reply = refusal("commerce.list", problem);
    assert_string_equal(text_of(&reply),
                        REFUSAL("401", "\"Authorization\":[\"A valid credential is needed.\"]"));
    assert_null(apr_table_get(reply.headers, "WWW-Authenticate"));
    orders_problem_field(&problem, pool, "apikey", ORDERS_E_unauthenticated, NULL);
    reply = refusal("commerce.list", problem);
    assert_string_equal(text_of(&reply),
                        REFUSAL("401", "\"apikey\":[\"A valid credential is needed.\"]"));
    assert_string_equal(apr_table_get(reply.headers, "WWW-Authenticate"),
                        "ApiKey header=\"apikey\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_follows_the_states),
        TEST(periods_of_words),
        TEST(periods_of_dates),
        TEST(limits_the_users_that_a_caller_may_act_for),
        TEST(detects_json_bodies),
        TEST(a_line_has_the_members_of_the_api),
        TEST(omits_the_component_of_included_tax),
        TEST(lines_add_up_to_the_total),
        TEST(an_entry_has_the_members_of_the_api),
        TEST(maps_rules_to_messages_of_the_route),
        TEST(renames_fields),
        TEST(problems_have_their_status),
        TEST(names_the_missing_credential),
    };
    return RUN(tests);
}
