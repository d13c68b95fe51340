/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: requests of a consumer for an order, after scanning its code. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/common/members.h"
#include "api/company/company.h"
#include "core/etag.h"
#include "core/format.h"
#include "store/sale.h"

/*
 * These routes have no error for a missing field: without a key the caller is not authenticated, without a number the order is
 * not found.
 */
static orders_problem_t *begin(orders_call_t *call, orders_input_t **input,
                               orders_company_body_t *body)
{
    orders_problem_t *problem = orders_company_read(call, input);
    if (problem) {
        return orders_company_replace_missing(problem, ORDERS_E_unauthenticated);
    }
    ORDERS_TRY(orders_company_identify(call, *input));
    body->order_number = call->param[0];
    problem = call->route->fields ? orders_company_fields(call, *input, body) : NULL;
    return problem ? orders_company_replace_missing(problem, ORDERS_E_not_found) : NULL;
}

/* The response also shows the retailer, which can change without a new version of the order. */
static const char *make_etag(apr_pool_t *pool, const orders_order_t *order)
{
    const orders_company_t *company = order->of.company;
    return orders_etag(pool, order->id, order->version,
                       company ? apr_psprintf(pool, "%s %s %.*s %.*s", order->number, company->name,
                                              company->address.length, company->address.text,
                                              company->images.length, company->images.text)
                               : order->number);
}

orders_problem_t *orders_company_partial(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_company_body_t body = {NULL};
    orders_order_t *order;
    ORDERS_TRY(begin(call, &input, &body));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_consumer_read(&reader, call->identity->user_id, body.order_number, &order));
    reply->json = orders_json_open(call->pool);
    orders_company_write_partial(reply->json, order);
    reply->etag = make_etag(call->pool, order);
    return NULL;
}

static void write_profile(orders_json_t *json, const orders_profile_t *profile)
{
    static const char *const members[] = {"street", "city", "state", "code", "country"};
    json_t *address = orders_document_json(profile->address);
    orders_json_begin_object(json);
    orders_json_key(json, "profile");
    orders_json_begin_object(json);
    orders_json_member_string(json, "given_name", profile->given_name);
    orders_json_member_string(json, "family_name", profile->family_name);
    orders_json_member_raw(json, "title", profile->title,
                           profile->title ? strlen(profile->title) : 0);
    orders_json_member_string(json, "phone", profile->phone);
    orders_json_end_object(json);
    orders_json_key(json, "default_address");
    orders_json_begin_object(json);
    for (size_t i = 0; i < ORDERS_COUNT(members); i++) {
        orders_json_member_string(json, members[i],
                                  json_string_value(json_object_get(address, members[i])));
    }
    orders_json_end_object(json);
    orders_json_end_object(json);
    json_decref(address);
}

orders_problem_t *orders_company_confirm(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_company_body_t body = {NULL};
    orders_writer_t writer;
    orders_claimed_order_t *claimed;
    ORDERS_TRY(begin(call, &input, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    ORDERS_TRY(orders_consumer_claim(&writer, body.order_number, &claimed));
    if (!claimed->profile) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->json = orders_json_open(call->pool);
    reply->replayed = claimed->replayed;
    write_profile(reply->json, claimed->profile);
    return NULL;
}

typedef struct address_t {
    const char *given_name, *family_name, *title, *phone, *email, *street, *street2, *city, *state,
        *code, *country;
} address_t;

static const char *const titles[] = {"0", "1", NULL};

#define TEXT(member, ...) ORDERS_FIELD(address_t, STRING, member, .max = 200, __VA_ARGS__)
static const orders_field_t members[] = {
    TEXT(given_name, .flags = ORDERS_FIELD_REQUIRED),
    TEXT(family_name, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(address_t, ENUM, title, .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_OR_INTEGER,
                 .values = titles),
    TEXT(phone),
    TEXT(email, .format = &orders_format_mail),
    TEXT(street),
    TEXT(street2),
    TEXT(city),
    TEXT(state),
    TEXT(code),
    TEXT(country),
};
const orders_field_table_t orders_company_address = ORDERS_FIELD_TABLE(members);

/* SQL stores the title as a number. */
static const char *address_document(const address_t *address, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;
    orders_json_begin_object(json);
    for (size_t i = 0; i < ORDERS_COUNT(members); i++) {
        const char *text = *(const char *const *)((const char *)address + members[i].offset);
        if (members[i].type == ORDERS_FIELD_ENUM) {
            orders_json_member_int(json, members[i].name, *text == '1');
        } else if (orders_or_null(text)) {
            orders_json_member_string(json, members[i].name, text);
        }
    }
    orders_json_end_object(json);
    return orders_json_text(json, pool, &length);
}

/* {"validation": {"city": ["invalid"]}}: the refused members of the address. */
static const char *validation_of(const orders_problem_t *address_problem, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;
    orders_json_begin_object(json);
    orders_json_key(json, "validation");
    orders_json_begin_object(json);
    for (int i = 0; i < address_problem->fields->nelts; i++) {
        const orders_field_error_t *refused =
            &APR_ARRAY_IDX(address_problem->fields, i, orders_field_error_t);
        orders_json_key(json, refused->field + strlen(ORDERS_COMPANY_ADDRESS "."));
        orders_json_begin_array(json);
        orders_json_string(json,
                           refused->error == ORDERS_E_required_field ? "required" : "invalid");
        orders_json_end_array(json);
    }
    orders_json_end_object(json);
    orders_json_end_object(json);
    return orders_json_text(json, pool, &length);
}

/* Decodes the address. `*refused`: the problem of its members, which SQL reports only for an order that the caller may edit. */
static orders_problem_t *read_address(const orders_call_t *call, const orders_input_t *input,
                                      const char **document, orders_problem_t **refused)
{
    address_t address = {NULL};
    *document = NULL;
    *refused = orders_call_decode_members(call, input, ORDERS_COMPANY_ADDRESS, &address);
    if (!*refused) {
        *document = address_document(&address, call->pool);
    }
    return *refused && (*refused)->error != ORDERS_E_invalid_fields ? *refused : NULL;
}

orders_problem_t *orders_company_edit(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_company_body_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    orders_problem_t *problem, *refused;
    const char *document;
    ORDERS_TRY(begin(call, &input, &body));
    ORDERS_TRY(read_address(call, input, &document, &refused));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    problem = orders_consumer_edit(&writer, body.order_number, document, &written);
    if (problem && problem->error == ORDERS_E_invalid_fields && refused) {
        problem->extra = validation_of(refused, call->pool);
        orders_problem_merge(&problem, call->pool, refused);
    }
    ORDERS_TRY(problem);
    reply->replayed = written->replayed;
    orders_company_reply_empty(call, reply);
    return NULL;
}
