/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: the JSON of orders. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/common/goods.h"
#include "api/common/history.h"
#include "api/common/members.h"
#include "api/company/company.h"

/* The names of payment methods: when a salesperson takes the money, and when a consumer claims the order. */
static const struct {
    const char *method, *name, *consumer;
} methods[] = {
    {"cash", "cash", "cash_consumer_app"},
    {"credit_card", "credit_card", "credit_card_consumer_app"},
    {"external", "PayPal", "PayPal"},
};

const char *orders_company_method(const orders_order_t *order)
{
    for (size_t i = 0; i < ORDERS_COUNT(methods); i++) {
        if (order->method && strcmp(methods[i].method, order->method) == 0) {
            return order->claimable ? methods[i].consumer : methods[i].name;
        }
    }
    return order->method;
}

const char *orders_company_transaction(const orders_order_t *order)
{
    for (int i = order->of.payments->nelts - 1; i >= 0; i--) {
        const orders_payment_t *payment = &APR_ARRAY_IDX(order->of.payments, i, orders_payment_t);
        if (payment->captured_at && !payment->surplus) {
            return payment->reference;
        }
    }
    return NULL;
}

void orders_company_member_retailer(orders_json_t *json, const orders_order_t *order)
{
    const orders_company_t *company = order->of.company;
    orders_json_key(json, "retailer");
    if (!company) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", company->id);
    orders_json_member_string(json, "name", company->name);
    orders_json_end_object(json);
}

static void user_members(orders_json_t *json, const orders_user_t *user)
{
    orders_json_member_int(json, "id", user->id);
    orders_json_member_string(json, "given_name", user->given_name ? user->given_name : user->name);
    orders_json_member_string(json, "family_name", user->family_name);
}

static void member_agent(orders_json_t *json, const orders_order_t *order)
{
    const orders_user_t *agent = order->of.agent;
    orders_json_key(json, "agent");
    if (!agent) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    user_members(json, agent);
    orders_json_member_string(json, "email", agent->email);
    orders_json_end_object(json);
}

/* The first members of an entry and of the detail. `no_transaction`: the transaction_id of an order without one. */
static void head_members(orders_json_t *json, const orders_order_t *order,
                         const char *no_transaction)
{
    const char *transaction = orders_company_transaction(order);
    orders_json_member_string(json, "number", order->number);
    orders_json_member_string(json, "currency", order->currency);
    orders_member_amount(json, "total", order, order->total);
    orders_json_member_string(json, "order_status",
                              orders_project(orders_company_order_status, order));
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_company_payment_status, order));
    orders_json_member_string(json, "payment_method", orders_company_method(order));
    orders_json_member_string(json, "transaction_id", transaction ? transaction : no_transaction);
    orders_member_unix_time(json, "create_at", order->created_at);
    orders_member_unix_time(json, "refund_at", order->refunded_at);
    orders_company_member_retailer(json, order);
    member_agent(json, order);
}

void orders_company_write_entry(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    head_members(json, order, "");
    orders_json_end_object(json);
}

static void write_value(orders_json_t *json, json_t *value)
{
    if (json_is_string(value)) {
        orders_json_string(json, json_string_value(value));
    } else if (json_is_integer(value)) {
        orders_json_int(json, json_integer_value(value));
    } else {
        orders_json_null(json);
    }
}

/* An object with just these members, in this order; NULL-terminated. */
static void write_members(orders_json_t *json, json_t *object, const char *const *names)
{
    orders_json_begin_object(json);
    for (; *names; names++) {
        orders_json_key(json, *names);
        write_value(json, json_object_get(object, *names));
    }
    orders_json_end_object(json);
}

/* {"resource": {…}}, or an empty object without pictures. */
static void member_cover(orders_json_t *json, json_t *images)
{
    static const char *const sizes[] = {"px240", "px480", "px720", "px1080", NULL};
    orders_json_key(json, "cover_img");
    orders_json_begin_object(json);
    if (json_object_size(images)) {
        orders_json_key(json, "resource");
        write_members(json, images, sizes);
    }
    orders_json_end_object(json);
}

static const char *const id_and_name[] = {"id", "name", NULL};
static const char *const item_members[] = {"id", "number", "name", NULL};

static void member_object(orders_json_t *json, const char *name, json_t *object,
                          const char *const *members)
{
    orders_json_key(json, name);
    if (object && json_is_object(object)) {
        write_members(json, object, members);
    } else {
        orders_json_null(json);
    }
}

/* A line that was placed through another API has no snapshot, so its own texts are shown. */
static json_t *snapshot_of(const orders_line_t *line)
{
    json_t *snapshot = orders_document_json(line->snapshot);
    return snapshot ? snapshot
                    : json_pack("{s:{s:I, s:s?, s:s?}, s:[{s:I, s:s?}], s:s}", "item", "id",
                                (json_int_t)line->item_id, "number", line->product, "name",
                                line->title, "variants", "id", (json_int_t)line->item_id, "name",
                                line->variant ? line->variant : line->title, "status", "initial");
}

static void write_variants(orders_json_t *json, json_t *variants)
{
    orders_json_key(json, "variants");
    orders_json_begin_array(json);
    for (size_t i = 0; i < json_array_size(variants); i++) {
        write_members(json, json_array_get(variants, i), id_and_name);
    }
    orders_json_end_array(json);
}

/* A line is shown as one product, with the prices of its whole quantity. */
static void product_head(orders_json_t *json, const orders_line_t *line, json_t *snapshot)
{
    orders_json_member_string(json, "number", line->number ? line->number : line->product);
    member_object(json, "company", json_object_get(snapshot, "company"), id_and_name);
    member_object(json, "item", json_object_get(snapshot, "item"), item_members);
}

static void write_product(orders_json_t *json, const orders_order_t *order,
                          const orders_line_t *line)
{
    json_t *snapshot = snapshot_of(line);
    orders_json_begin_object(json);
    product_head(json, line, snapshot);
    write_variants(json, json_object_get(snapshot, "variants"));
    orders_member_amount(json, "price", order, line->subtotal);
    orders_member_amount(json, "discount_price", order, line->discount);
    orders_json_member_string(json, "product_status",
                              json_string_value(json_object_get(snapshot, "status")));
    orders_json_end_object(json);
    json_decref(snapshot);
}

static void write_partial_product(orders_json_t *json, const orders_order_t *order,
                                  const orders_line_t *line)
{
    json_t *snapshot = snapshot_of(line);
    json_t *variant = json_array_get(json_object_get(snapshot, "variants"), 0);
    orders_json_begin_object(json);
    product_head(json, line, snapshot);
    orders_json_key(json, "variant");
    orders_json_begin_object(json);
    orders_json_key(json, "id");
    write_value(json, json_object_get(variant, "id"));
    orders_json_key(json, "name");
    write_value(json, json_object_get(variant, "name"));
    member_cover(json, json_object_get(snapshot, "images"));
    orders_json_end_object(json);
    orders_member_amount(json, "price", order, line->subtotal);
    orders_member_amount(json, "discount_price", order, line->discount);
    orders_member_amount(json, "selling_price", order, line->subtotal - line->discount);
    orders_json_end_object(json);
    json_decref(snapshot);
}

typedef void (*write_line_t)(orders_json_t *json, const orders_order_t *order,
                             const orders_line_t *line);

static void member_products(orders_json_t *json, const orders_order_t *order, write_line_t write)
{
    int at = 0;
    orders_json_key(json, "products");
    orders_json_begin_array(json);
    for (const orders_line_t *line; (line = orders_next_goods(order, &at));) {
        write(json, order, line);
    }
    orders_json_end_array(json);
}

static const orders_user_t *actor_of(const orders_order_t *order, int64_t id)
{
    for (int i = 0; id && i < order->of.actors->nelts; i++) {
        const orders_user_t *user = &APR_ARRAY_IDX(order->of.actors, i, orders_user_t);
        if (user->id == id) {
            return user;
        }
    }
    return NULL;
}

static void write_history(orders_json_t *json, const orders_order_t *order,
                          const orders_order_t *then, const orders_history_t *step)
{
    const orders_user_t *user = actor_of(order, step->actor_id);
    orders_json_begin_object(json);
    orders_json_member_string(json, "order_status",
                              orders_project(orders_company_order_status, then));
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_company_payment_status, then));
    orders_json_member_string(json, "comment", step->comment ? step->comment : "");
    orders_member_unix_time(json, "create_at", step->created_at);
    orders_json_key(json, "user");
    if (user) {
        orders_json_begin_object(json);
        user_members(json, user);
        orders_json_end_object(json);
    } else {
        orders_json_null(json);
    }
    orders_json_end_object(json);
}

/* The steps of one operation, which share a version, are one entry. */
static void member_histories(orders_json_t *json, const orders_order_t *order)
{
    orders_order_t then = {0};
    orders_json_key(json, "histories");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.history->nelts; i++) {
        const orders_history_t *step = &APR_ARRAY_IDX(order->of.history, i, orders_history_t);
        orders_history_apply(&then, step);
        if (orders_history_ends_operation(order->of.history, i)) {
            write_history(json, order, &then, step);
        }
    }
    orders_json_end_array(json);
}

/* All members are present; a member that the address does not have is null. */
static void member_address(orders_json_t *json, const orders_order_t *order, const char *type,
                           const char *name)
{
    static const char *const members[] = {"title", "given_name", "family_name", "phone",
                                          "email", "street",     "city",        "state",
                                          "code",  "country",    NULL};
    const orders_address_t *row = orders_find_address(order, type);
    json_t *address = row ? orders_document_json(row->document) : NULL;
    orders_json_key(json, name);
    write_members(json, address, members);
    json_decref(address);
}

static void write_invoice(orders_json_t *json, const orders_order_t *order,
                          const orders_invoice_t *invoice, const orders_call_t *call)
{
    const char *base = call->settings->public_url ? call->settings->public_url : "";
    orders_json_begin_object(json);
    orders_json_member_string(json, "number", invoice->number);
    orders_json_key(json, "brand");
    orders_json_begin_object(json);
    orders_member_id(json, "id", invoice->company_id);
    orders_json_member_string(json, "name", invoice->issuer);
    orders_json_end_object(json);
    orders_member_unix_time(json, "create_at", invoice->created_at);
    orders_json_member_string(json, "comment", order->number);
    orders_json_member_string(json, "download",
                              apr_pstrcat(call->pool, base, call->mount, "/order/", order->number,
                                          "/invoice/", invoice->number, "/download", NULL));
    orders_json_end_object(json);
}

void orders_company_write_detail(orders_json_t *json, const orders_order_t *order,
                                 const orders_call_t *call)
{
    orders_json_begin_object(json);
    head_members(json, order, NULL);
    member_products(json, order, write_product);
    member_histories(json, order);
    member_address(json, order, "shipping", "shipping_address");
    member_address(json, order, "billing", "billing_address");
    orders_json_key(json, "invoices");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.invoices->nelts; i++) {
        write_invoice(json, order, &APR_ARRAY_IDX(order->of.invoices, i, orders_invoice_t), call);
    }
    orders_json_end_array(json);
    orders_json_end_object(json);
}

static void member_shop(orders_json_t *json, const orders_order_t *order)
{
    static const char *const members[] = {"street",      "city",    "state",
                                          "postal_code", "country", NULL};
    const orders_company_t *company = order->of.company;
    orders_json_key(json, "retailer");
    if (!company) {
        orders_json_null(json);
        return;
    }
    json_t *images = orders_document_json(company->images);
    json_t *address = orders_document_json(company->address);
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", company->id);
    orders_json_member_string(json, "name", company->name);
    member_cover(json, images);
    orders_json_key(json, "address");
    write_members(json, address, members);
    orders_json_end_object(json);
    json_decref(images);
    json_decref(address);
}

void orders_company_write_partial(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    orders_json_member_string(json, "number", order->number);
    orders_json_member_string(json, "currency", order->currency);
    orders_member_amount(json, "subtotal", order, order->subtotal);
    orders_member_amount(json, "total_discount", order, order->discount);
    orders_member_amount(json, "total", order, order->total);
    orders_json_member_string(json, "order_status",
                              orders_project(orders_company_order_status, order));
    orders_json_member_string(json, "payment_status",
                              orders_project(orders_company_payment_status, order));
    orders_json_member_string(json, "payment_method", orders_company_method(order));
    member_shop(json, order);
    member_products(json, order, write_partial_product);
    orders_json_end_object(json);
}
