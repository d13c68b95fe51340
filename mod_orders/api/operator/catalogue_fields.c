/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: fields of the entries of the catalogue, by kind. Ranges of amounts are checked by SQL. */
#include <string.h>

#include "api/operator/document.h"
#include "core/format.h"

#define FIELD ORDERS_DOCUMENT_FIELD
#define REQUIRED ORDERS_DOCUMENT_REQUIRED
#define TEXT ORDERS_DOCUMENT_TEXT
#define TIME ORDERS_DOCUMENT_TIME
#define MAX_ID INT64_C(999999999999999999)
#define MAX_COUNT 1000000000

/* Members of the response, which a client may send back. */
static const char *const read_only[] = {
    "kind", "ref", "id", "result", "created_at", "updated_at", "uses", "term", NULL,
};
#define ENTRY(fields) ORDERS_FIELD_TABLE(fields, .exactly = true, .read_only = read_only)

static const char *const duration_units[] = {"day", "week", "month", "year", NULL};
#define DURATION                                                                                   \
    FIELD("duration_unit", ENUM, .values = duration_units),                                        \
        FIELD("duration_value", INT64, .min = 1, .max = 10000)

#define FIELD_URL(name) FIELD(name, STRING, .max = 2000, .format = &orders_format_url)
static const orders_field_t image_fields[] = {
    FIELD_URL("px240"),
    FIELD_URL("px480"),
    FIELD_URL("px720"),
    FIELD_URL("px1080"),
};
static const orders_field_table_t image_table = ORDERS_FIELD_TABLE(image_fields, .exactly = true);

static const orders_field_t user_fields[] = {
    FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("login", STRING, .min = 1, .max = 200),
    FIELD("given_name", STRING, TEXT),
    FIELD("family_name", STRING, TEXT),
    FIELD("email", STRING, ORDERS_DOCUMENT_MAIL),
    FIELD("phone", STRING, .max = 40),
    FIELD("locale", STRING, .max = 35),
    FIELD("title", INT64, .max = 1),
    FIELD("default_address", OBJECT, .members = &orders_operator_address_fields),
    FIELD("current_company", STRING, TEXT),
    FIELD("active", BOOL, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const orders_field_t company_fields[] = {
    FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("prefix", STRING, REQUIRED, .max = 8),
    FIELD("email", STRING, ORDERS_DOCUMENT_MAIL),
    FIELD("tax_number", STRING, .max = 64),
    FIELD("address", OBJECT, .members = &orders_operator_address_fields),
    FIELD("images", OBJECT, .members = &image_table),
    FIELD("active", BOOL, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const char *const roles[] = {"member", "salesperson", "manager", NULL};
static const orders_field_t membership_fields[] = {
    FIELD("company", STRING, REQUIRED, TEXT),
    FIELD("user", STRING, REQUIRED, TEXT),
    FIELD("role", ENUM, .values = roles),
    FIELD("active", BOOL, .flags = 0),
};

static const orders_field_t translation_fields[] = {FIELD("name", STRING, REQUIRED, TEXT)};
static const orders_field_table_t translation_table =
    ORDERS_FIELD_TABLE(translation_fields, .exactly = true);

static const orders_field_t option_fields[] = {
    FIELD("id", INT64, REQUIRED, .max = MAX_ID),
    FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("attribute", STRING, TEXT),
    FIELD("code", STRING, TEXT),
};
static const orders_field_table_t option_table = ORDERS_FIELD_TABLE(option_fields, .exactly = true);

/* A price is an amount, or an object with the amount and the one before a reduction. */
static const orders_field_t price_fields[] = {
    FIELD("price", INT64, REQUIRED),
    FIELD("list_price", INT64, .flags = 0),
};
static const orders_field_table_t price_table = ORDERS_FIELD_TABLE(price_fields, .exactly = true);
static const orders_field_t price = FIELD(NULL, INT64, .flags = 0);

static const orders_field_t variant_fields[] = {
    FIELD("ref", STRING, REQUIRED, TEXT),
    FIELD("number", STRING, .max = 64),
    FIELD("name", STRING, TEXT),
    FIELD("options", ARRAY, .members = &option_table, .max = 100),
    FIELD("images", OBJECT, .members = &image_table),
    FIELD("status", STRING, .max = 64),
    FIELD("active", BOOL, .flags = 0),
    FIELD("prices", MAP, .members = &price_table, .entry = &price),
    FIELD("stock", INT64, .max = MAX_COUNT),
};
static const char *const variant_read_only[] = {"id", "on_hand", "reserved", "available", NULL};
static const orders_field_table_t variant_table =
    ORDERS_FIELD_TABLE(variant_fields, .exactly = true, .read_only = variant_read_only);

static const orders_field_t product_fields[] = {
    FIELD("company", STRING, TEXT),
    FIELD("number", STRING, .max = 64),
    FIELD("slug", STRING, TEXT),
    FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("description", STRING, .flags = ORDERS_FIELD_MULTILINE, .max = 10000),
    FIELD("images", OBJECT, .members = &image_table),
    FIELD("tax_class", STRING, TEXT),
    FIELD("returnable", BOOL, .flags = 0),
    FIELD("translations", MAP, .members = &translation_table, .format = &orders_format_language),
    FIELD("variants", ARRAY, .members = &variant_table, .key = "ref"),
    FIELD("active", BOOL, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const char *const plan_statuses[] = {"on_sale", "hidden", "retired", NULL};
static const orders_field_t plan_fields[] = {
    FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("slug", STRING, TEXT),
    FIELD("description", STRING, .flags = ORDERS_FIELD_MULTILINE, .max = 10000),
    FIELD("price", INT64, REQUIRED),
    FIELD("currency", STRING, REQUIRED, TEXT),
    DURATION,
    FIELD("features", JSON, .flags = 0),
    FIELD("status", ENUM, .values = plan_statuses),
    FIELD("max_quantity", INT64, .min = 1, .max = 1000000),
    FIELD("tax_class", STRING, TEXT),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const orders_field_t billing_option_fields[] = {
    FIELD("plan", STRING, REQUIRED, TEXT), FIELD("name", STRING, REQUIRED, TEXT),
    FIELD("price", INT64, REQUIRED),       DURATION,
    FIELD("active", BOOL, .flags = 0),
};

static const orders_field_t coupon_fields[] = {
    FIELD("code", STRING, .max = 64),
    FIELD("percent_bp", INT64, .flags = 0),
    FIELD("amount", INT64, .flags = 0),
    FIELD("currency", STRING, TEXT),
    FIELD("minimum", INT64, .flags = 0),
    FIELD("max_discount", INT64, .flags = 0),
    FIELD("starts_at", STRING, TIME),
    FIELD("ends_at", STRING, TIME),
    FIELD("max_uses", INT64, .max = MAX_COUNT),
    FIELD("max_uses_per_user", INT64, .min = 1, .max = MAX_COUNT),
    FIELD("active", BOOL, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const orders_field_t tax_rate_fields[] = {
    FIELD("tax_class", STRING, REQUIRED, TEXT),
    FIELD("key", STRING, REQUIRED, TEXT),
    FIELD("rate_bp", INT64, REQUIRED),
    FIELD("active", BOOL, .flags = 0),
};

static const orders_field_t currency = FIELD(NULL, STRING, TEXT);
static const orders_field_t unit = FIELD(NULL, INT64, .min = 1, .max = 999999999);
static const orders_field_t payment_channel_fields[] = {
    FIELD("name", STRING, TEXT),
    FIELD("provider", STRING, .max = 64, .format = &orders_format_slug),
    FIELD("enabled", BOOL, .flags = 0),
    FIELD("currencies", ARRAY, .entry = &currency),
    FIELD("payable_units", MAP, .entry = &unit),
    FIELD("metadata", OBJECT, .flags = 0),
};

static const char *const label_types[] = {"order_status", "shipment_status", "payment_method",
                                          NULL};
static const orders_field_t label_fields[] = {
    FIELD("type", ENUM, REQUIRED, .values = label_types),
    FIELD("word", STRING, REQUIRED, .max = 64, .format = &orders_format_slug),
    FIELD("language", STRING, REQUIRED, .max = 35),
    FIELD("text", STRING, REQUIRED, TEXT),
};

static const orders_field_t package_fields[] = {
    FIELD("product", STRING, REQUIRED, TEXT),
    FIELD("variant", STRING, TEXT),
    FIELD("rank", INT64, REQUIRED, .max = 1000000),
    DURATION,
    FIELD("active", BOOL, .flags = 0),
};

static const orders_field_t member_fields[] = {
    FIELD("placed_at", STRING, TIME), FIELD("auto_upgrade_at", STRING, TIME),
    FIELD("package", STRING, TEXT),   FIELD("starts_at", STRING, TIME),
    FIELD("ends_at", STRING, TIME),
};

#define FILTERS(...) ((const char *const[]){"q", __VA_ARGS__, NULL})
static const struct {
    const char *kind;
    orders_field_table_t fields;
    const char *const *filters;
} kinds[] = {
    {"users", ENTRY(user_fields), FILTERS("active", "company")},
    {"companies", ENTRY(company_fields), FILTERS("active")},
    {"memberships", ENTRY(membership_fields), FILTERS("active", "company", "user")},
    {"products", ENTRY(product_fields), FILTERS("active", "company")},
    {"plans", ENTRY(plan_fields), FILTERS("status")},
    {"billing-options", ENTRY(billing_option_fields), FILTERS("active", "plan")},
    {"coupons", ENTRY(coupon_fields), FILTERS("active")},
    {"tax-rates", ENTRY(tax_rate_fields), FILTERS("active", "tax_class")},
    {"payment-channels", ENTRY(payment_channel_fields), FILTERS("active")},
    {"labels", ENTRY(label_fields), FILTERS("type", "language")},
    {"packages", ENTRY(package_fields), FILTERS("active", "product")},
    {"members", ENTRY(member_fields), FILTERS("package")},
};

static size_t find_kind(const char *kind)
{
    size_t i = 0;
    while (i < ORDERS_COUNT(kinds) && strcmp(kinds[i].kind, kind) != 0) {
        i++;
    }
    return i;
}

const orders_field_table_t *orders_operator_catalogue_fields(const char *kind)
{
    size_t i = find_kind(kind);
    return i < ORDERS_COUNT(kinds) ? &kinds[i].fields : NULL;
}

const char *const *orders_operator_catalogue_filters(const char *kind)
{
    size_t i = find_kind(kind);
    return i < ORDERS_COUNT(kinds) ? kinds[i].filters : NULL;
}
