/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commerce API: placing orders. The database checks all values of a request together, so they are passed unchanged; only
 * their names change.
 */
#include <jansson.h>
#include <string.h>

#include "api/commerce/commerce.h"
#include "api/common/return_url.h"
#include "payments/payment_flow.h"
#include "store/member.h"

/* A member of a request, and its name in the database. */
typedef struct member_t {
    const char *name, *name_in_database;
} member_t;

/*
 * The members of requests: X(name, name in the database, type, further members of the field). The database checks the values,
 * so the field tables are lenient.
 */
#define LINE_MEMBERS(X)                                                                            \
    X("product_id", "product", DECIMAL)                                                            \
    X("quantity", "quantity", DECIMAL)                                                             \
    X("unit_price", "unit_price", DECIMAL)                                                         \
    X("discount", "discount", OPTIONAL_DECIMAL)                                                    \
    X("total_amount", "total", DECIMAL)

#define GOODS_MEMBERS(X) X("total_amount", "total", DECIMAL)

#define PACKAGE_MEMBERS(X)                                                                         \
    X("order_type", "type", ENUM, .values = package_types)                                         \
    X("product_id", "product", DECIMAL)                                                            \
    X("unit_price", "unit_price", DECIMAL)                                                         \
    X("discount", "discount", OPTIONAL_DECIMAL)                                                    \
    X("order_total", "total", DECIMAL)

#define ADDRESS_MEMBERS(X)                                                                         \
    X("address_first_name", "given_name", TEXT, .max = 200)                                        \
    X("address_last_name", "family_name", TEXT, .max = 200)                                        \
    X("address_mail_id", "email", STRING, .max = 200)                                              \
    X("address_phone_number", "phone", TEXT, .max = 200)                                           \
    X("address_name_line", "house", TEXT, .max = 200)                                              \
    X("address_premise", "street", TEXT, .max = 200)                                               \
    X("address_locality", "city", TEXT, .max = 200)                                                \
    X("address_postal_code", "postal_code", TEXT, .max = 200)                                      \
    X("address_country_code", "country", STRING)                                                   \
    X("address_state_code", "state", TEXT)

static const char *const package_types[] = {"upgrade", "renewal", NULL};

#define AS_MEMBER(name, name_in_database, ...) {name, name_in_database},
static const member_t line_members[] = {LINE_MEMBERS(AS_MEMBER)};
static const member_t goods_members[] = {GOODS_MEMBERS(AS_MEMBER)};
static const member_t package_members[] = {PACKAGE_MEMBERS(AS_MEMBER)};
static const member_t address_members[] = {ADDRESS_MEMBERS(AS_MEMBER)};

typedef struct payment_t {
    const char *payment_method, *payment_channel, *payment_return_url;
} payment_t;

static const char *const methods[] = {"manual", "balance", "external", NULL};

#define PAYMENT_FIELDS                                                                             \
    ORDERS_FIELD(payment_t, ENUM, payment_method, .values = methods),                              \
        ORDERS_FIELD(payment_t, STRING, payment_channel, .max = 64),                               \
        ORDERS_FIELD(payment_t, STRING, payment_return_url, .max = 2048)

#define REQUIRED ORDERS_FIELD_REQUIRED_LATER
#define DECIMAL ORDERS_FIELD_DECIMAL, REQUIRED
#define OPTIONAL_DECIMAL ORDERS_FIELD_DECIMAL, 0
#define ENUM ORDERS_FIELD_ENUM, REQUIRED
#define STRING ORDERS_FIELD_STRING, REQUIRED
#define TEXT ORDERS_FIELD_STRING, ORDERS_FIELD_OR_NUMBER | REQUIRED
#define ARRAY ORDERS_FIELD_ARRAY, REQUIRED
#define OBJECT ORDERS_FIELD_OBJECT, REQUIRED
#define AS_FIELD(...) FIELD(__VA_ARGS__)
#define FIELD(field, name_in_database, kind, more, ...)                                            \
    {.name = (field),                                                                              \
     .type = (kind),                                                                               \
     .flags = ORDERS_FIELD_LENIENT | (more),                                                       \
     .offset = ORDERS_FIELD_CHECKED,                                                               \
     .given = SIZE_MAX,                                                                            \
     __VA_ARGS__},

static const orders_field_t line_fields[] = {LINE_MEMBERS(AS_FIELD)};
static const orders_field_table_t line_table = ORDERS_FIELD_TABLE(line_fields);
static const orders_field_t address_fields[] = {ADDRESS_MEMBERS(AS_FIELD)};
static const orders_field_table_t address_table = ORDERS_FIELD_TABLE(address_fields);

/* In a form, `products` and `address` are JSON texts, or the members of the address are separate fields. */
static const orders_field_t create_fields[] = {
    PAYMENT_FIELDS,
    AS_FIELD("uid", NULL, TEXT) GOODS_MEMBERS(AS_FIELD)
        AS_FIELD("products", NULL, ARRAY, .min = 1, .max = 500, .members = &line_table)
            AS_FIELD("address", NULL, OBJECT, .members = &address_table)};
const orders_field_table_t orders_commerce_create_fields = ORDERS_FIELD_TABLE(create_fields);

static const orders_field_t upgrade_fields[] = {PAYMENT_FIELDS, AS_FIELD("uid", NULL, TEXT)
                                                                    PACKAGE_MEMBERS(AS_FIELD)
                                                                        ADDRESS_MEMBERS(AS_FIELD)};
const orders_field_table_t orders_commerce_upgrade_fields = ORDERS_FIELD_TABLE(upgrade_fields);

/* Numbers keep their literals. A list or an object is not valid for any of these fields and becomes an empty list. */
static void write_value(orders_json_t *json, const orders_input_t *input, const json_t *value)
{
    const char *literal = orders_input_literal(input, value);
    if (literal) {
        orders_json_raw(json, literal, strlen(literal));
    } else if (json_is_string(value)) {
        orders_json_string_n(json, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        orders_json_int(json, json_integer_value(value));
    } else if (json_is_boolean(value)) {
        orders_json_bool(json, json_is_true(value));
    } else if (json_is_null(value)) {
        orders_json_null(json);
    } else {
        orders_json_raw(json, "[]", 2);
    }
}

static void write_members(orders_json_t *json, const orders_input_t *input, const member_t *members,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(orders_input_object(input), members[i].name);
        const char *text = value ? NULL : orders_input_string(input, members[i].name);
        if (value) {
            orders_json_key(json, members[i].name_in_database);
            write_value(json, input, value);
        } else if (text) {
            orders_json_member_string(json, members[i].name_in_database, text);
        }
    }
}

#define WRITE(json, input, members) write_members(json, input, members, ORDERS_COUNT(members))

/* For a form whose field `name` is JSON text, an input with the parsed JSON; else `input`. */
static const orders_input_t *with_tree(const orders_input_t *input, const char *name,
                                       apr_pool_t *pool)
{
    const char *text = orders_input_object(input) ? NULL : orders_input_string(input, name);
    orders_input_t *tree;
    return text && !orders_input_json_member(&tree, pool, name, text) ? tree : input;
}

static void member_lines(orders_json_t *json, const orders_input_t *input, apr_pool_t *pool)
{
    const orders_input_t *tree = with_tree(input, "products", pool);
    const json_t *products = json_object_get(orders_input_object(tree), "products");
    orders_json_key(json, "lines");
    orders_json_begin_array(json);
    for (size_t i = 0; i < json_array_size(products); i++) {
        orders_json_begin_object(json);
        WRITE(json, orders_input_nested(tree, json_array_get(products, i), "", pool), line_members);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

static void member_address(orders_json_t *json, const orders_input_t *address)
{
    orders_json_key(json, "address");
    orders_json_begin_object(json);
    WRITE(json, address, address_members);
    orders_json_end_object(json);
}

/* The members of the address of an order of goods: those of the object `address`, or fields of a form. */
static const orders_input_t *address_of(const orders_input_t *input, apr_pool_t *pool)
{
    const orders_input_t *tree = with_tree(input, "address", pool);
    json_t *root = orders_input_object(tree);
    return root ? orders_input_nested(tree, json_object_get(root, "address"), "", pool) : tree;
}

static void begin_document(orders_json_t *json, const orders_call_t *call,
                           const orders_input_t *input, const payment_t *payment)
{
    const char *uid = orders_input_text(input, "uid");
    orders_json_begin_object(json);
    orders_json_member_string(json, "user", uid ? orders_commerce_member(call, uid) : NULL);
    orders_json_member_string(json, "payment_method", payment->payment_method);
    orders_json_member_string(json, "payment_channel", orders_or_null(payment->payment_channel));
    orders_json_member_string(json, "payment_return_url",
                              orders_or_null(payment->payment_return_url));
}

static const char *goods_document(const orders_call_t *call, const orders_input_t *input,
                                  const payment_t *payment)
{
    orders_json_t *json = orders_json_open(call->pool);
    apr_size_t length;
    begin_document(json, call, input, payment);
    WRITE(json, input, goods_members);
    member_lines(json, input, call->pool);
    member_address(json, address_of(input, call->pool));
    orders_json_end_object(json);
    return orders_json_text(json, call->pool, &length);
}

static const char *package_document(const orders_call_t *call, const orders_input_t *input,
                                    const payment_t *payment)
{
    orders_json_t *json = orders_json_open(call->pool);
    apr_size_t length;
    begin_document(json, call, input, payment);
    WRITE(json, input, package_members);
    member_address(json, input);
    orders_json_end_object(json);
    return orders_json_text(json, call->pool, &length);
}

/* Decodes the payment, and checks the return URL by the configuration. */
static orders_problem_t *read_payment(payment_t *payment, const orders_call_t *call,
                                      const orders_input_t *input)
{
    orders_problem_t *problem = orders_call_decode(call, input, payment);
    if (orders_or_null(payment->payment_return_url) &&
        !orders_return_url_allowed(payment->payment_return_url, call->settings->return_urls)) {
        orders_problem_field(&problem, call->pool, "payment_return_url",
                             ORDERS_E_return_url_not_allowed, NULL);
    }
    return problem;
}

typedef orders_problem_t *(*operation_t)(const orders_writer_t *writer,
                                         const orders_member_order_t *order,
                                         orders_written_t **written);
typedef const char *(*document_t)(const orders_call_t *call, const orders_input_t *input,
                                  const payment_t *payment);

static orders_problem_t *place(orders_call_t *call, orders_reply_t *reply, document_t document,
                               operation_t operation)
{
    payment_t payment = {NULL, NULL, NULL};
    orders_input_t *input;
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *placed;
    ORDERS_TRY(orders_commerce_body(&input, call));
    ORDERS_TRY(read_payment(&payment, call, input));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    const orders_member_order_t order = {
        .document = document(call, input, &payment),
        .expires_in = call->settings->payment_expiry,
        .channels = orders_channel_names(call->providers->channels, call->pool),
        .window = call->settings->renewal_window,
    };
    ORDERS_TRY(operation(&writer, &order, &written));
    const orders_payment_flow_t flow = {
        .writer = &writer,
        .providers = call->providers,
        .settings = call->settings,
    };
    ORDERS_TRY(
        orders_payment_flow_first(&flow, orders_or_null(payment.payment_return_url), &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &placed));
    reply->json = orders_json_open(call->pool);
    reply->replayed = written->replayed;
    orders_commerce_begin(reply->json);
    orders_commerce_write_placed(reply->json, placed);
    orders_commerce_end(reply->json);
    return NULL;
}

orders_problem_t *orders_commerce_create(orders_call_t *call, orders_reply_t *reply)
{
    return place(call, reply, goods_document, orders_member_place);
}

orders_problem_t *orders_commerce_upgrade(orders_call_t *call, orders_reply_t *reply)
{
    return place(call, reply, package_document, orders_member_upgrade);
}
