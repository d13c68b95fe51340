/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: status values, the status history, prices without tax, labels, errors. */
#include "orders.h"

#include "api/registry.h"
#include "api/shop/shop.h"
#include "core/text.h"

static void status_follows_the_states(void **state)
{
    static const struct {
        const char *state, *payment_state, *fulfilment_state, *value;
    } cases[] = {
        {"open", "unpaid", "pending", "pending_payment"},
        {"open", "confirming", "pending", "pending_payment"},
        {"open", "failed", "pending", "pending_payment"},
        {"open", "paid", "pending", "paid"},
        {"open", "refund_pending", "pending", "paid"},
        {"open", "partially_refunded", "pending", "paid"},
        {"open", "refunded", "pending", "paid"},
        {"completed", "paid", "none", "paid"},
        {"open", "unpaid", "confirmed", "processing"},
        {"open", "paid", "confirmed", "processing"},
        {"open", "paid", "packed", "processing"},
        {"open", "paid", "shipped", "shipped"},
        {"open", "unpaid", "out_for_delivery", "shipped"},
        {"open", "unpaid", "delivered", "delivered"},
        {"completed", "paid", "delivered", "delivered"},
        {"completed", "refunded", "returned", "delivered"},
        {"cancelled", "closed", "pending", "cancelled"},
        {"cancelled", "refund_pending", "confirmed", "cancelled"},
        {"cancelled", "refunded", "packed", "cancelled"},
        {"expired", "closed", "pending", "cancelled"},
        {"error", "failed", "pending", "cancelled"},
        {"a newer state", "a newer state", "a newer state", "pending_payment"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(word_of(orders_shop_status, cases[i].state, cases[i].payment_state,
                                    cases[i].fulfilment_state),
                            cases[i].value);
    }
}

static void payment_status_follows_the_payment(void **state)
{
    static const char *const cases[][2] = {
        {"unpaid", "pending"},      {"confirming", "pending"}, {"paid", "paid"},
        {"refund_pending", "paid"}, {"refunded", "refunded"},  {"partially_refunded", "paid"},
        {"failed", "failed"},       {"closed", "failed"},      {"a newer one", "pending"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(word_of(orders_shop_payment_status, "open", cases[i][0], "pending"),
                            cases[i][1]);
    }
}

typedef struct step_t {
    int version;
    const char *axis, *to;
} step_t;

/* The status values of a history, with the seconds at which each began: "paid@1". */
static const char *words_of(const step_t *steps, size_t count)
{
    orders_order_t order = {.of = {.history = apr_array_make(pool, 8, sizeof(orders_history_t))}};
    orders_json_t *json = orders_json_open(pool);
    for (size_t i = 0; i < count; i++) {
        APR_ARRAY_PUSH(order.of.history, orders_history_t) = (orders_history_t){
            .version = steps[i].version,
            .axis = steps[i].axis,
            .to = steps[i].to,
            .created_at = apr_time_from_sec(steps[i].version),
        };
    }
    orders_shop_write_history(json, &order);
    return orders_json_text(json, pool, NULL);
}

#define ENTRY(value, second)                                                                       \
    "{\"status\":\"" value "\",\"timestamp\":\"1970-01-01T00:00:0" second "Z\"}"

static void history_has_each_change_of_the_status(void **state)
{
    static const step_t steps[] = {
        {1, "order", "open"},
        {1, "payment", "unpaid"},
        {1, "fulfilment", "pending"},
        {2, "payment", "confirming"},
        {3, "payment", "paid"},
        {4, "fulfilment", "confirmed"},
        {5, "fulfilment", "packed"},
        {6, "fulfilment", "shipped"},
        {7, "fulfilment", "out_for_delivery"},
        {8, "fulfilment", "delivered"},
        {8, "order", "completed"},
        {9, "return", "requested"},
        {9, "payment", "partially_refunded"},
    };
    assert_string_equal(
        words_of(steps, COUNT(steps)),
        "[" ENTRY("pending_payment", "1") "," ENTRY("paid", "3") "," ENTRY(
            "processing", "4") "," ENTRY("shipped", "6") "," ENTRY("delivered", "8") "]");
}

static void one_operation_is_one_entry(void **state)
{
    static const step_t paid_at_once[] = {
        {1, "order", "open"},       {1, "payment", "unpaid"},  {1, "fulfilment", "pending"},
        {1, "payment", "paid"},     {2, "order", "cancelled"}, {2, "payment", "refund_pending"},
        {3, "payment", "refunded"},
    };
    assert_string_equal(words_of(paid_at_once, COUNT(paid_at_once)),
                        "[" ENTRY("paid", "1") "," ENTRY("cancelled", "2") "]");
    static const step_t refunded[] = {
        {1, "order", "open"},       {1, "payment", "unpaid"},    {1, "fulfilment", "pending"},
        {2, "payment", "paid"},     {3, "fulfilment", "packed"}, {4, "payment", "refund_pending"},
        {5, "payment", "refunded"}, {5, "order", "cancelled"},
    };
    assert_string_equal(words_of(refunded, COUNT(refunded)),
                        "[" ENTRY("pending_payment", "1") "," ENTRY("paid", "2") "," ENTRY(
                            "processing", "3") "," ENTRY("cancelled", "5") "]");
    assert_string_equal(words_of(NULL, 0), "[]");
}

static const char *pricing_of(const orders_order_t *order)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    orders_shop_member_pricing(json, order);
    orders_json_end_object(json);
    return orders_json_text(json, pool, NULL);
}

static const char *items_of(const orders_order_t *order)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    orders_shop_member_items(json, order);
    orders_json_end_object(json);
    return orders_json_text(json, pool, NULL);
}

static const orders_line_t lines[] = {
    {.kind = "product",
     .id = 112,
     .product = "s24",
     .title = "S24",
     .quantity = 3,
     .unit_price = 1100,
     .subtotal = 3300,
     .discount = 300,
     .tax = 272},
    {.kind = "discount", .product = "DISC", .title = "DISC", .quantity = 1, .subtotal = -300},
    {.kind = "shipping", .title = "JNE", .quantity = 1, .subtotal = 110, .tax = 10},
};

static void prices_without_tax_are_shown_as_they_are(void **state)
{
    orders_order_t order = order_of(false, lines, COUNT(lines));
    assert_string_equal(pricing_of(&order), "{\"pricing\":{\"subtotal\":3300,\"discount\":300,"
                                            "\"tax\":282,\"shipping\":110,\"total\":3392}}");
    assert_non_null(strstr(items_of(&order), "\"unitPrice\":1100,\"subtotal\":3300"));
}

static void subtracts_tax_from_inclusive_prices(void **state)
{
    orders_order_t order = order_of(true, lines, COUNT(lines));
    assert_string_equal(pricing_of(&order), "{\"pricing\":{\"subtotal\":3028,\"discount\":300,"
                                            "\"tax\":282,\"shipping\":100,\"total\":3110}}");
    assert_non_null(strstr(items_of(&order),
                           "\",\"productTitle\":"
                           "\"S24\",\"productSlug\":null,\"variantName\":null,\"qty\":3,"
                           "\"unitPrice\":1009,\"subtotal\":3028,\"imageUrl\":null}]}"));
}

#define UUID_TEXT_SIZE 36

static const char *member_text(const orders_line_t *line, const char *member)
{
    orders_order_t order = order_of(false, line, 1);
    const char *at = strstr(items_of(&order), member);
    assert_non_null(at);
    return apr_pstrndup(pool, at + strlen(member), UUID_TEXT_SIZE);
}

static void items_and_products_have_stable_uuids(void **state)
{
    static const char id[] = "\"id\":\"", product[] = "\"productId\":\"";
    static const char own[] = "01a21458-a4a1-72d1-aa25-a908516c9317";
    orders_line_t one = {.id = 112, .kind = "product", .product = "s24", .quantity = 1};
    orders_line_t two = {.id = 113, .kind = "product", .product = "s24", .quantity = 1};
    orders_line_t three = {.id = 114, .kind = "product", .product = own, .quantity = 1};
    assert_true(orders_text_is_uuid(member_text(&one, id)));
    assert_true(orders_text_is_uuid(member_text(&one, product)));
    assert_string_equal(member_text(&one, id), member_text(&one, id));
    assert_string_not_equal(member_text(&one, id), member_text(&two, id));
    assert_string_equal(member_text(&one, product), member_text(&two, product));
    assert_string_not_equal(member_text(&one, id), member_text(&one, product));
    assert_string_equal(member_text(&three, product), own);
}

static void counts_goods_only(void **state)
{
    static const orders_line_t more[] = {
        {.kind = "shipping", .quantity = 1}, {.kind = "product", .quantity = 2, .image = "first"},
        {.kind = "plan", .quantity = 3},     {.kind = "package", .quantity = 4},
        {.kind = "discount", .quantity = 1}, {.kind = "tax", .quantity = 1},
    };
    orders_order_t order = order_of(false, more, COUNT(more));
    orders_order_t empty = order_of(false, more, 1);
    assert_int_equal(orders_shop_item_count(&order), 9);
    assert_string_equal(orders_shop_first_item(&order)->image, "first");
    assert_int_equal(orders_shop_item_count(&empty), 0);
    assert_null(orders_shop_first_item(&empty));
}

static void reports_the_languages_of_labels(void **state)
{
    apr_array_header_t *labels = apr_array_make(pool, 3, sizeof(orders_label_t));
    APR_ARRAY_PUSH(labels, orders_label_t) =
        (orders_label_t){.kind = "order_status", .word = "paid", .text = "Paid", .language = "en"};
    APR_ARRAY_PUSH(labels, orders_label_t) = (orders_label_t){
        .kind = "payment_method", .word = "cod", .text = "Bayar", .language = "id"};
    orders_shop_view_t view = orders_shop_view(pool, labels);
    assert_string_equal(orders_shop_label(&view, "order_status", "cod"), "cod");
    assert_int_equal(view.languages->nelts, 0);
    assert_string_equal(orders_shop_label(&view, "order_status", "paid"), "Paid");
    assert_string_equal(orders_shop_label(&view, "order_status", "paid"), "Paid");
    assert_string_equal(orders_shop_label(&view, "payment_method", "cod"), "Bayar");
    assert_string_equal(apr_array_pstrcat(pool, view.languages, ' '), "en id");
    assert_null(orders_shop_label(&view, "payment_method", NULL));
}

static const char *refusal_of(const orders_problem_t *problem, int *status)
{
    orders_call_t call = {.pool = pool};
    orders_reply_t reply = {.etag = "\"1\""};
    orders_shop_problem(&call, problem, &reply);
    assert_null(reply.etag);
    *status = reply.status;
    return orders_json_text(reply.json, pool, NULL);
}

static void every_problem_has_a_code(void **state)
{
    static const char *const codes[] = {"BAD_REQUEST", "UNAUTHORIZED",  "FORBIDDEN",
                                        "NOT_FOUND",   "INVALID_STATE", "VALIDATION_ERROR",
                                        "INTERNAL",    "UNAVAILABLE",   "TOO_MANY_REQUESTS"};
    for (int error = 0; error < ORDERS_E__COUNT; error++) {
        int status;
        const char *text = refusal_of(orders_problem(pool, (orders_error_e)error, NULL), &status);
        size_t code = 0;
        while (code < COUNT(codes) &&
               !strstr(text, apr_pstrcat(pool, "{\"code\":\"", codes[code], "\"", NULL))) {
            code++;
        }
        assert_true(code < COUNT(codes));
        assert_int_equal(status, orders_kind_status(orders_error_kind((orders_error_e)error)));
    }
}

static void refusals_have_details(void **state)
{
    int status;
    orders_problem_t *fields = NULL;
    assert_string_equal(
        refusal_of(orders_problem(pool, ORDERS_E_order_not_cancellable, NULL), &status),
        "{\"error\":{\"code\":\"INVALID_STATE\",\"message\":\"The order can no longer be "
        "cancelled.\",\"details\":{\"code\":\"order_not_cancellable\"}}}");
    assert_int_equal(status, 409);
    orders_problem_field(&fields, pool, "page", ORDERS_E_invalid_type, "Must be an integer.");
    orders_problem_field(&fields, pool, "limit", ORDERS_E_out_of_range, NULL);
    assert_string_equal(
        refusal_of(fields, &status),
        "{\"error\":{\"code\":\"VALIDATION_ERROR\",\"message\":\"Some fields are not valid.\","
        "\"details\":[{\"field\":\"page\",\"code\":\"invalid_type\",\"message\":\"Must be an "
        "integer.\"},{\"field\":\"limit\",\"code\":\"out_of_range\",\"message\":\"The number is "
        "out of range.\"}]}}");
    assert_int_equal(status, 422);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_follows_the_states),
        TEST(payment_status_follows_the_payment),
        TEST(history_has_each_change_of_the_status),
        TEST(one_operation_is_one_entry),
        TEST(prices_without_tax_are_shown_as_they_are),
        TEST(subtracts_tax_from_inclusive_prices),
        TEST(items_and_products_have_stable_uuids),
        TEST(counts_goods_only),
        TEST(reports_the_languages_of_labels),
        TEST(every_problem_has_a_code),
        TEST(refusals_have_details),
    };
    return RUN(tests);
}
