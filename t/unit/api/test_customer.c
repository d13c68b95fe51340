/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: status values, prices with tax, delivery, errors, and the signed URL of a bill. */
#include "orders.h"

#include "api/customer/bill_link.h"
#include "api/customer/customer.h"
#include "api/registry.h"
#include "core/link_token.h"
#include "payments/pay_link.h"

static void says(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("%s is not in %s", what, text);
    }
}

static void status_follows_the_states(void **state)
{
    static const struct {
        const char *state, *payment_state, *fulfilment_state, *value;
    } cases[] = {
        {"open", "unpaid", "pending", "pending"},
        {"open", "paid", "pending", "pending"},
        {"completed", "paid", "none", "pending"},
        {"open", "unpaid", "confirmed", "confirmed"},
        {"open", "paid", "packed", "packed"},
        {"open", "paid", "shipped", "shipped"},
        {"open", "paid", "out_for_delivery", "shipped"},
        {"completed", "paid", "delivered", "delivered"},
        {"completed", "refunded", "returned", "delivered"},
        {"cancelled", "closed", "confirmed", "cancelled"},
        {"expired", "closed", "pending", "cancelled"},
        {"error", "failed", "packed", "cancelled"},
        {"a newer state", "a newer state", "a newer state", "pending"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(word_of(orders_customer_status, cases[i].state, cases[i].payment_state,
                                    cases[i].fulfilment_state),
                            cases[i].value);
    }
}

static void payment_status_follows_the_payment(void **state)
{
    static const char *const cases[][2] = {
        {"unpaid", "unpaid"},       {"confirming", "unpaid"}, {"paid", "paid"},
        {"refund_pending", "paid"}, {"refunded", "refunded"}, {"partially_refunded", "paid"},
        {"failed", "unpaid"},       {"closed", "unpaid"},     {"a newer one", "unpaid"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(word_of(orders_customer_payment_status, "open", cases[i][0], "pending"),
                            cases[i][1]);
    }
}

/* `write` inside an object. */
#define OBJECT(json, write)                                                                        \
    orders_json_t *json = orders_json_open(pool);                                                  \
    orders_json_begin_object(json);                                                                \
    write;                                                                                         \
    orders_json_end_object(json)

static const char *payment_of(const char *method, const char *channel)
{
    const orders_order_t order = {.state = "open",
                                  .payment_state = "unpaid",
                                  .fulfilment_state = "pending",
                                  .method = method,
                                  .channel = channel};
    OBJECT(json, orders_customer_members_payment(json, &order));
    return orders_json_text(json, pool, NULL);
}

static void payment_type_is_cod_a_channel_or_online(void **state)
{
    assert_string_equal(payment_of("cod", NULL),
                        "{\"payment_status\":\"unpaid\",\"payment_type\":\"cod\"}");
    assert_string_equal(payment_of("external", "stripe"),
                        "{\"payment_status\":\"unpaid\",\"payment_type\":\"stripe\"}");
    assert_string_equal(payment_of("bank_transfer", NULL),
                        "{\"payment_status\":\"unpaid\",\"payment_type\":\"online\"}");
}

static const char *delivery_of(orders_shipment_t *shipment)
{
    const orders_order_t order = {.of = {.shipment = shipment}};
    OBJECT(json, orders_customer_members_delivery(json, &order, "On-Time"));
    return orders_json_text(json, pool, NULL);
}

#define DELIVERY(date, day, delay)                                                                 \
    "{\"delivery_date\":" date ",\"delivery_day\":" day ",\"delivery_delay_status\":" delay "}"

static void delivery_has_its_weekday(void **state)
{
    static const struct {
        const char *date, *day;
        apr_time_t seconds;
    } cases[] = {
        {"1970-01-01T00:00:01", "Thursday", 1},
        {"2023-08-04T23:59:59", "Friday", 1691193599},
        {"2023-08-05T00:00:00", "Saturday", 1691193600},
        {"2024-02-29T12:00:00", "Thursday", 1709208000},
        {"1969-12-31T23:59:59", "Wednesday", -1},
        {"1969-12-25T00:00:00", "Thursday", -604800},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_shipment_t shipment = {
            .expected_at = apr_time_from_sec(cases[i].seconds),
            .local_date = apr_time_from_sec(cases[i].seconds),
        };
        assert_string_equal(delivery_of(&shipment),
                            apr_psprintf(pool, DELIVERY("\"%s.000000Z\"", "\"%s\"", "\"On-Time\""),
                                         cases[i].date, cases[i].day));
    }
}

static void shows_the_delivery_or_its_estimate(void **state)
{
    orders_shipment_t planned = {.status = "planned"};
    orders_shipment_t late = {
        .expected_at = apr_time_from_sec(1691193600),
        .delivered_at = apr_time_from_sec(1691280000) + 7,
        .local_date = apr_time_from_sec(1691280000 - 1), /* west of Greenwich */
        .late = true,
    };
    assert_string_equal(delivery_of(NULL), DELIVERY("null", "null", "null"));
    assert_string_equal(delivery_of(&planned), DELIVERY("null", "null", "\"On-Time\""));
    assert_string_equal(delivery_of(&late),
                        DELIVERY("\"2023-08-06T00:00:00.000007Z\"", "\"Saturday\"", "\"Delayed\""));
}

static void tracking_has_the_days_of_its_steps(void **state)
{
    static const struct {
        const char *axis, *to;
        apr_time_t seconds;
    } steps[] = {
        {"order", "open", 1},
        {"another", "packed", 1},
        {"fulfilment", "packed", 1691452799},
        {"another", "shipped", 1},
        {"fulfilment", "shipped", 1691452800},
    };
    orders_order_t order = {.number = "",
                            .state = "open",
                            .payment_state = "paid",
                            .fulfilment_state = "shipped",
                            .of = {.history = apr_array_make(pool, 8, sizeof(orders_history_t))}};
    orders_json_t *json = orders_json_open(pool);
    for (size_t i = 0; i < COUNT(steps); i++) {
        APR_ARRAY_PUSH(order.of.history, orders_history_t) = (orders_history_t){
            .axis = steps[i].axis,
            .to = steps[i].to,
            .created_at = 1,
            .local_at = apr_time_from_sec(steps[i].seconds),
        };
    }
    orders_customer_write_tracking(json, &order);
    says(orders_json_text(json, pool, NULL),
         "\"order_packed_date\":\"07-08-2023\",\"order_packed_status\":\"packed\","
         "\"order_shipped_date\":\"08-08-2023\",\"order_shipped_status\":\"shipped\"");
}

static const char *summary_of(const orders_order_t *order, const char *language)
{
    orders_json_t *json = orders_json_open(pool);
    orders_customer_write_summary(json, order, language, pool);
    return orders_json_text(json, pool, NULL);
}

#define DOCUMENT(literal)                                                                          \
    {                                                                                              \
        .text = (literal), .length = sizeof(literal) - 1                                           \
    }

static const orders_line_t jackets = {
    .kind = "product",
    .id = 112,
    .item_id = 9,
    .title = "Puffer Jacket",
    .quantity = 3,
    .unit_price = 9000,
    .list_price = 10000,
    .subtotal = 27000,
    .tax = 2000,
    .returnable = true,
    .image = "https://cdn.shop.example/1.jpg",
    .snapshot = DOCUMENT("{\"item\":{\"id\":1},\"translations\":{\"ar\":{\"name\":\"جاكيت\"},"
                         "\"zh-Hant\":{\"name\":\"外套\"},\"fr\":{}}}"),
    .attributes = DOCUMENT("[{\"id\":1,\"name\":\"SMALL\",\"attribute\":\"Size\"},"
                           "{\"name\":\"BLACK\",\"attribute\":\"Colour\",\"code\":\"#000000\"}]"),
};

static void summary_of_prices_with_tax(void **state)
{
    const orders_line_t lines[] = {
        jackets, {.kind = "shipping", .title = "express", .quantity = 1, .subtotal = 10000}};
    orders_order_t order = order_of(true, lines, COUNT(lines));
    APR_ARRAY_PUSH(order.of.taxes, orders_tax_t) =
        (orders_tax_t){.key = "CGST", .rate_bp = 800, .amount = 1490};
    assert_string_equal(
        summary_of(&order, NULL),
        "{\"id\":57,\"order_code\":\"20230724-10415772C\",\"bill_no\":null,"
        "\"payment_status\":\"paid\",\"payment_type\":\"cod\",\"sub_total\":270,"
        "\"total_amount\":370,\"total_tax\":20,\"split_tax\":[{\"key\":\"CGST\","
        "\"percentage\":\"8.00%\",\"value\":\"14.90\"}],\"delivery_charge\":100,"
        "\"discount_rate\":0,\"discount_percentage\":0,\"order_details\":[{\"serial\":1,"
        "\"order_items_id\":112,\"product_id\":1,\"product\":{\"thumbnail\":"
        "\"https://cdn.shop.example/1.jpg\",\"name\":\"Puffer Jacket\",\"variations\":["
        "{\"attribute\":\"Size\",\"attribute_value\":\"SMALL\",\"attribute_code\":null},"
        "{\"attribute\":\"Colour\",\"attribute_value\":\"BLACK\",\"attribute_code\":\"#000000\"}],"
        "\"is_returned\":1},\"quantity\":3,\"mrp\":\"100.00\",\"offer_price\":\"90.00\","
        "\"total_price\":\"270.00\"}]}");
}

static void summary_adds_tax_to_net_prices(void **state)
{
    const orders_line_t lines[] = {
        {.kind = "product",
         .id = 1,
         .item_id = 4,
         .title = "A",
         .quantity = 3,
         .unit_price = 1000,
         .list_price = 1100,
         .subtotal = 3000,
         .discount = 300,
         .tax = 271},
        {.kind = "discount", .title = "TEN", .quantity = 1, .subtotal = -300},
        {.kind = "shipping", .title = "S", .quantity = 1, .subtotal = 500, .tax = 50},
    };
    const orders_order_t order = order_of(false, lines, COUNT(lines));
    const char *text = summary_of(&order, NULL);
    says(text, "\"sub_total\":32.71,\"total_amount\":35.21,\"total_tax\":3.21,\"split_tax\":[],"
               "\"delivery_charge\":5.5,\"discount_rate\":3,\"discount_percentage\":9.17,");
    says(text, "\"mrp\":\"11.90\",\"offer_price\":\"10.90\",\"total_price\":\"32.71\"}]}");
    says(text, "\"product_id\":4,");
    says(text, "\"variations\":[],\"is_returned\":0}");
}

static void discounts_of_any_size(void **state)
{
    orders_order_t order = order_of(true, NULL, 0);
    says(summary_of(&order, NULL), "\"discount_percentage\":0,\"order_details\":[]}");
    order.subtotal = order.discount = INT64_MAX;
    says(summary_of(&order, NULL), "\"discount_percentage\":100,");
    order.subtotal = order.discount = 3;
    order.exponent = 0;
    says(summary_of(&order, NULL), "\"discount_rate\":3,\"discount_percentage\":100,");
}

static void names_are_in_the_language(void **state)
{
    static const char *const cases[][2] = {
        {"ar", "جاكيت"},        {"ar-EG", "جاكيت"},      {"ar_EG", "جاكيت"},
        {"zh-Hant", "外套"},    {"zh", "Puffer Jacket"}, {"fr", "Puffer Jacket"},
        {"-", "Puffer Jacket"},
    };
    const orders_order_t order = order_of(true, &jackets, 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        says(summary_of(&order, cases[i][0]),
             apr_pstrcat(pool, "\"name\":\"", cases[i][1], "\"", NULL));
    }
}

static const char *no_header(const orders_call_t *call, const char *name)
{
    return NULL;
}

static const unsigned char secret[] = "0123456789abcdef0123456789abcdef";

static orders_settings_t settings_of(int32_t tenant)
{
    return (orders_settings_t){
        .tenant = tenant,
        .bill_link_lifetime = 3600,
        .public_url = "https://shop.example",
        .pay_link_mount = "",
        .secret = secret,
        .secret_length = sizeof(secret) - 1,
    };
}

static orders_call_t call_of(const orders_settings_t *settings)
{
    return (orders_call_t){.pool = pool,
                           .api = &orders_customer_api,
                           .mount = "/api/v1/customer",
                           .query = "",
                           .header = no_header,
                           .settings = settings};
}

/* The result of reading a URL: the id of the order, or the code of the error. */
static const char *read_link(const orders_settings_t *settings, const char *id, const char *query)
{
    orders_call_t call = call_of(settings);
    int64_t order = 0;
    call.query = query;
    call.route = route_of(&orders_customer_api, "customer.bill_pdf");
    orders_problem_t *problem = orders_bill_link_read(&order, id, &call);
    return problem ? code_of(problem) : apr_psprintf(pool, "%d", (int)order);
}

static void bill_links_lead_to_their_order(void **state)
{
    const orders_settings_t settings = settings_of(1), other = settings_of(2);
    orders_call_t call = call_of(&settings);
    const char *url, *query;
    assert_null(orders_bill_link_url(&url, 57, &call));
    assert_memory_equal(url, "https://shop.example/api/v1/customer/e-bill/57/pdf?expires=", 59);
    query = strchr(url, '?') + 1;
    assert_string_equal(read_link(&settings, "57", query), "57");
    assert_string_equal(read_link(&settings, "58", query), "forbidden");
    assert_string_equal(read_link(&settings, "x", query), "forbidden");
    assert_string_equal(read_link(&other, "57", query), "forbidden");
    assert_string_equal(read_link(&settings, "57", apr_pstrcat(pool, query, "A", NULL)),
                        "forbidden");
    char *changed = apr_pstrdup(pool, query);
    char *digit = strchr(changed, '=') + 1;
    *digit = *digit == '9' ? '8' : (char)(*digit + 1);
    assert_string_equal(read_link(&settings, "57", changed), "forbidden");
    assert_string_equal(read_link(&settings, "57", ""), "forbidden");
    assert_string_equal(read_link(&settings, "57", "expires=1&signature=%"), "forbidden");
    assert_string_equal(read_link(&settings, "57", apr_pstrndup(pool, query, strcspn(query, "&"))),
                        "forbidden");
}

static void bill_links_expire(void **state)
{
    orders_settings_t settings = settings_of(1);
    orders_call_t call = call_of(&settings);
    const char *url;
    settings.bill_link_lifetime = 0;
    assert_null(orders_bill_link_url(&url, 57, &call));
    assert_string_equal(read_link(&settings, "57", strchr(url, '?') + 1), "link_expired");
}

static void links_need_a_secret_and_a_public_url(void **state)
{
    orders_settings_t settings = settings_of(1);
    orders_call_t call = call_of(&settings);
    const char *url;
    settings.public_url = NULL;
    assert_string_equal(code_of(orders_bill_link_url(&url, 57, &call)), "not_configured");
    settings = settings_of(1);
    settings.secret = NULL;
    assert_string_equal(code_of(orders_bill_link_url(&url, 57, &call)), "not_configured");
}

static void refuses_links_of_another_kind(void **state)
{
    const orders_settings_t settings = settings_of(1);
    const orders_link_token_t claim = {.id = 57, .ends = 4000000000};
    unsigned char bill[ORDERS_SHA256_SIZE], pay[ORDERS_SHA256_SIZE];
    assert_null(orders_link_token_sign(bill, "bill link", &claim, &settings, pool));
    assert_null(orders_link_token_sign(pay, "pay link", &claim, &settings, pool));
    assert_false(orders_bytes_equal(bill, pay, sizeof(bill)));
    assert_string_equal(read_link(&settings, "57",
                                  apr_pstrcat(pool, "expires=4000000000&signature=",
                                              orders_base64url(pool, bill, sizeof(bill)), NULL)),
                        "57");
    assert_string_equal(read_link(&settings, "57",
                                  apr_pstrcat(pool, "expires=4000000000&signature=",
                                              orders_base64url(pool, pay, sizeof(pay)), NULL)),
                        "forbidden");
}

/* The settings after the secret was replaced. */
static orders_settings_t settings_after(const orders_settings_t *before, bool keep)
{
    orders_settings_t settings = *before;
    settings.secret = (const unsigned char *)"another secret of 32 bytes ......";
    settings.secret_length = 32;
    settings.former_secret = keep ? before->secret : (const unsigned char *)"";
    settings.former_secret_length = keep ? before->secret_length : 0;
    return settings;
}

static void accepts_links_of_the_former_secret(void **state)
{
    const orders_settings_t settings = settings_of(1);
    const orders_link_token_t claim = {.id = 57, .ends = 4000000000};
    const orders_pay_link_t link = {.order_id = 57};
    unsigned char mac[ORDERS_SHA256_SIZE];
    const char *url;
    assert_null(orders_link_token_sign(mac, "bill link", &claim, &settings, pool));
    const char *query = apr_pstrcat(
        pool, "expires=4000000000&signature=", orders_base64url(pool, mac, sizeof(mac)), NULL);
    assert_null(orders_pay_link_url(&url, &link, &settings, pool));
    char *token = apr_pstrdup(pool, url + strlen("https://shop.example/transaction/"));
    *strchr(token, '/') = '\0';
    for (int keep = 0; keep < 2; keep++) {
        const orders_settings_t later = settings_after(&settings, keep);
        int64_t id = 0;
        assert_string_equal(read_link(&later, "57", query), keep ? "57" : "forbidden");
        assert_string_equal(code_of(orders_pay_link_read_token(&id, token, &later, pool)),
                            keep ? "" : "not_found");
        assert_string_equal(read_link(&later, "58", query), "forbidden");
        assert_null(orders_pay_link_url(&url, &link, &later, pool)); /* signed with the secret */
        assert_null(strstr(url, token));
    }
}

static void keeps_the_format_of_pay_links(void **state)
{
    const orders_settings_t settings = settings_of(1);
    const orders_pay_link_t link = {.order_id = 57};
    const char *url;
    int64_t id = 0;
    assert_null(orders_pay_link_url(&url, &link, &settings, pool));
    char *token = apr_pstrdup(pool, url + strlen("https://shop.example/transaction/"));
    *strchr(token, '/') = '\0';
    assert_null(orders_pay_link_read_token(&id, token, &settings, pool));
    assert_int_equal(id, 57);
    *token = *token == 'A' ? 'B' : 'A';
    assert_string_equal(code_of(orders_pay_link_read_token(&id, token, &settings, pool)),
                        "not_found");
}

/* The response to a problem of a route. */
static const char *refusal_of(const char *route, const orders_problem_t *problem, int *status)
{
    const orders_settings_t settings = settings_of(1);
    orders_call_t call = call_of(&settings);
    orders_reply_t reply = {.status = 0};
    call.route = route_of(&orders_customer_api, route);
    orders_customer_problem(&call, problem, &reply);
    *status = reply.status;
    return orders_json_text(reply.json, pool, NULL);
}

static void refusals_have_the_status_of_their_route(void **state)
{
    static const struct {
        const char *route, *text;
    } cases[] = {
        {"customer.list", "{\"success\":false,\"message\":\"Order not found.\","
                          "\"status_code\":404,\"data\":[]}"},
        {"customer.cancel", "{\"success\":false,\"message\":\"Order not found.\","
                            "\"status\":404,\"data\":[]}"},
        {"customer.reorder", "{\"success\":false,\"message\":\"Order not found.\","
                             "\"status\":404,\"data\":[]}"},
        {"customer.bill", "{\"success\":false,\"message\":\"Order not found.\",\"data\":[]}"},
        {NULL, "{\"success\":false,\"message\":\"Not found.\","
               "\"status_code\":404,\"data\":[]}"},
    };
    int status;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(
            refusal_of(cases[i].route, orders_problem(pool, ORDERS_E_not_found, NULL), &status),
            cases[i].text);
        assert_int_equal(status, 404);
    }
    refusal_of("customer.bill_pdf", orders_problem(pool, ORDERS_E_link_expired, NULL), &status);
    assert_int_equal(status, 410);
}

static void refusals_state_the_reason(void **state)
{
    static const struct {
        orders_error_e error;
        const char *extra, *message;
    } cases[] = {
        {ORDERS_E_unauthenticated, NULL, "Unauthenticated."},
        {ORDERS_E_line_not_returnable, "{\"lines\":[101,102]}",
         "Some lines cannot be returned: 101, 102."},
        {ORDERS_E_product_not_sold, "{\"products\":[\"A \\\"B\\\"\",\"C\"]}",
         "Some products are no longer sold: A \\\"B\\\", C."},
        {ORDERS_E_return_window_closed, "{\"lines\":[]}", "The return period has ended."},
        {ORDERS_E_order_not_cancellable,
         "{\"state\":\"open\",\"payment_state\":\"paid\",\"fulfilment_state\":\"packed\"}",
         "The order has been packed and can no longer be cancelled."},
        {ORDERS_E_order_not_cancellable,
         "{\"state\":\"open\",\"payment_state\":\"paid\",\"fulfilment_state\":\"confirmed\"}",
         "Only an order with cash on delivery can be cancelled, and only before it is packed."},
        {ORDERS_E_order_not_cancellable,
         "{\"state\":\"open\",\"payment_state\":\"refunded\",\"fulfilment_state\":\"pending\"}",
         "The order has been refunded and can no longer be cancelled."},
        {ORDERS_E_order_not_cancellable, NULL,
         "Only an order with cash on delivery can be cancelled, and only before it is packed."},
    };
    int status;
    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_problem_t *problem = orders_problem(pool, cases[i].error, NULL);
        problem->extra = cases[i].extra;
        says(refusal_of("customer.cancel", problem, &status),
             apr_pstrcat(pool, "\"message\":\"", cases[i].message, "\"", NULL));
    }
}

static void refusals_name_the_fields(void **state)
{
    orders_problem_t *problem = NULL;
    int status;
    orders_problem_field(&problem, pool, "order_id", ORDERS_E_required_field, "Missing.");
    orders_problem_field(&problem, pool, "page", ORDERS_E_invalid_type, "Wrong.");
    says(refusal_of("customer.return", problem, &status),
         "\"message\":\"order_id: Missing. page: Wrong.\",\"status_code\":422");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_follows_the_states),
        TEST(payment_status_follows_the_payment),
        TEST(payment_type_is_cod_a_channel_or_online),
        TEST(delivery_has_its_weekday),
        TEST(shows_the_delivery_or_its_estimate),
        TEST(tracking_has_the_days_of_its_steps),
        TEST(summary_of_prices_with_tax),
        TEST(summary_adds_tax_to_net_prices),
        TEST(discounts_of_any_size),
        TEST(names_are_in_the_language),
        TEST(bill_links_lead_to_their_order),
        TEST(bill_links_expire),
        TEST(links_need_a_secret_and_a_public_url),
        TEST(refuses_links_of_another_kind),
        TEST(accepts_links_of_the_former_secret),
        TEST(keeps_the_format_of_pay_links),
        TEST(refusals_have_the_status_of_their_route),
        TEST(refusals_state_the_reason),
        TEST(refusals_name_the_fields),
    };

    return RUN(tests);
}
