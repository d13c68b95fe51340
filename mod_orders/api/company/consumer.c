/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: what a consumer does with the order whose code he scanned. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/common/members.h"
#include "api/company/company.h"
#include "core/etag.h"
#include "core/mail_address.h"
#include "core/text.h"
#include "store/sale.h"

/* These routes have no word for a missing field: without a key the caller is not authenticated, without a number there is no order. */
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

/* What the answer shows beside the order: the retailer as it is now. */
static const char *etag_of(apr_pool_t *pool, const orders_order_t *order)
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
    reply->etag = etag_of(call->pool, order);
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

static const char *const titles[] = {"0", "1", NULL};

#define TEXT(member, ...)                                                                          \
    {                                                                                              \
        .name = (member), .type = ORDERS_FIELD_STRING, .offset = ORDERS_FIELD_CHECKED,             \
        .given = SIZE_MAX, .max = 200, __VA_ARGS__                                                 \
    }
#define TITLE 2
static const orders_field_t members[] = {
    TEXT("given_name", .flags = ORDERS_FIELD_REQUIRED),
    TEXT("family_name", .flags = ORDERS_FIELD_REQUIRED),
    [TITLE] = {.name = "title",
               .type = ORDERS_FIELD_WORD,
               .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_OR_INTEGER,
               .offset = ORDERS_FIELD_CHECKED,
               .given = SIZE_MAX,
               .words = titles},
    TEXT("phone"),
    TEXT("email"),
    TEXT("street"),
    TEXT("street2"),
    TEXT("city"),
    TEXT("state"),
    TEXT("code"),
    TEXT("country"),
};
const orders_field_table_t orders_company_address = ORDERS_FIELD_TABLE(members);

/* A member as JSON has it, or as a form has it: billing_address[city]. */
static const char *member_of(const orders_input_t *input, json_t *address, const char *name,
                             bool *other_type, apr_pool_t *pool)
{
    json_t *value = json_object_get(address, name);
    *other_type = value && !json_is_string(value) && !json_is_null(value);
    if (json_is_integer(value)) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    if (value) {
        return json_string_value(value);
    }
    return orders_input_string(input, apr_pstrcat(pool, "billing_address[", name, "]", NULL));
}

/* "required", "invalid", or NULL. */
static const char *fault_of(size_t member, const char *text, bool other_type)
{
    apr_size_t length = text ? strlen(text) : 0;
    if (member == TITLE) {
        return !length && !other_type                                        ? "required"
               : !text || (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) ? "invalid"
                                                                             : NULL;
    }
    if (other_type ||
        orders_utf8_count(text ? text : "", length) > (apr_size_t)members[member].max ||
        orders_text_has_control(text ? text : "", length, false)) {
        return "invalid";
    }
    if (length && strcmp(members[member].name, "email") == 0 && !orders_is_mail_address(text)) {
        return "invalid";
    }
    return !length && members[member].flags & ORDERS_FIELD_REQUIRED ? "required" : NULL;
}

typedef struct form_t {
    orders_json_t *address, *faults;
    apr_array_header_t *refused; /* of const char *, members */
} form_t;

static void read_member(const orders_input_t *input, json_t *address, size_t member, form_t *form,
                        apr_pool_t *pool)
{
    bool other_type;
    const char *name = members[member].name;
    const char *text = member_of(input, address, name, &other_type, pool);
    const char *fault = fault_of(member, text, other_type);
    if (fault) {
        APR_ARRAY_PUSH(form->refused, const char *) = name;
        orders_json_key(form->faults, name);
        orders_json_begin_array(form->faults);
        orders_json_string(form->faults, fault);
        orders_json_end_array(form->faults);
    } else if (member == TITLE) {
        orders_json_member_int(form->address, name, *text == '1');
    } else if (text && *text) {
        orders_json_member_string(form->address, name, text);
    }
}

static form_t read_form(const orders_input_t *input, json_t *address, apr_pool_t *pool)
{
    form_t form = {orders_json_open(pool), orders_json_open(pool),
                   apr_array_make(pool, 1, sizeof(const char *))};
    orders_json_begin_object(form.address);
    orders_json_begin_object(form.faults);
    orders_json_key(form.faults, "validation");
    orders_json_begin_object(form.faults);
    for (size_t i = 0; i < ORDERS_COUNT(members); i++) {
        read_member(input, address, i, &form, pool);
    }
    orders_json_end_object(form.address);
    orders_json_end_object(form.faults);
    orders_json_end_object(form.faults);
    return form;
}

orders_problem_t *orders_company_edit(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_company_body_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    apr_size_t length;
    ORDERS_TRY(begin(call, &input, &body));
    form_t form = read_form(input, body.billing_address, call->pool);
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    orders_problem_t *problem = orders_consumer_edit(
        &writer, body.order_number,
        form.refused->nelts ? NULL : orders_json_text(form.address, call->pool, &length), &written);
    if (problem && problem->error == ORDERS_E_invalid_fields) {
        problem->extra = orders_json_text(form.faults, call->pool, &length);
        for (int i = 0; i < form.refused->nelts; i++) {
            orders_problem_field(&problem, call->pool,
                                 apr_pstrcat(call->pool, "billing_address.",
                                             APR_ARRAY_IDX(form.refused, i, const char *), NULL),
                                 ORDERS_E_invalid_field, NULL);
        }
    }
    ORDERS_TRY(problem);
    reply->replayed = written->replayed;
    orders_company_reply_empty(call, reply);
    return NULL;
}
