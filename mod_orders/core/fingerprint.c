/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fingerprint.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"
#include "core/input.h"
#include "core/input_body.h"

/** A field of a request. Two requests have the same fingerprint if they have the same fields. */
typedef struct {
    const char *name;
    char kind; /* 't': string, number or boolean; 'j': JSON; 'n': null */
    const char *value;
    int place; /* index among fields of the same name */
} part_t;

/** Members that identify the caller or the key; they are not part of the request's content. */
static const char *const not_content[] = {"idempotency_key", "api_key"};

/* ---- canonical JSON ---- */

static void write_canonical(orders_json_t *json, const orders_input_t *input, json_t *value);

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_object(orders_json_t *json, const orders_input_t *input, json_t *object)
{
    apr_array_header_t *names = apr_array_make(input->pool, 8, sizeof(const char *));
    const char *name;
    json_t *value;
    int index;

    json_object_foreach(object, name, value)
    {
        APR_ARRAY_PUSH(names, const char *) = name;
    }
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), by_text);
    orders_json_begin_object(json);
    for (index = 0; index < names->nelts; index++) {
        name = APR_ARRAY_IDX(names, index, const char *);
        orders_json_key(json, name);
        write_canonical(json, input, json_object_get(object, name));
    }
    orders_json_end_object(json);
}

static const char *number_text(const orders_input_t *input, json_t *number)
{
    const char *literal = orders_input_literal(input, number);

    return literal ? orders_decimal_canonical(input->pool, literal, strlen(literal))
                   : apr_psprintf(input->pool, "%" APR_INT64_T_FMT,
                                  (apr_int64_t)json_integer_value(number));
}

static void write_canonical(orders_json_t *json, const orders_input_t *input, json_t *value)
{
    json_t *element;
    size_t index;

    if (json_is_object(value)) {
        write_object(json, input, value);
    } else if (json_is_array(value)) {
        orders_json_begin_array(json);
        json_array_foreach(value, index, element)
        {
            write_canonical(json, input, element);
        }
        orders_json_end_array(json);
    } else if (json_is_string(value)) {
        orders_json_string_n(json, json_string_value(value), json_string_length(value));
    } else if (json_is_number(value)) {
        const char *text = number_text(input, value);

        orders_json_raw(json, text ? text : "", text ? strlen(text) : 0);
    } else if (json_is_null(value)) {
        orders_json_null(json);
    } else {
        orders_json_bool(json, json_is_true(value));
    }
}

static part_t json_part(const char *name, const orders_input_t *input, json_t *value)
{
    part_t part = {.name = name, .kind = 't'};
    apr_size_t length;

    if (json_is_string(value)) {
        part.value = json_string_value(value);
    } else if (json_is_number(value)) {
        part.value = number_text(input, value);
    } else if (json_is_boolean(value)) {
        part.value = json_is_true(value) ? "true" : "false";
    } else if (json_is_null(value)) {
        part.kind = 'n';
    } else {
        orders_json_t *json = orders_json_open(input->pool);

        part.kind = 'j';
        write_canonical(json, input, value);
        part.value = orders_json_text(json, input->pool, &length);
    }
    return part;
}

/** A form field may contain an object or a list as JSON text. */
static part_t form_part(const orders_input_t *input, const orders_pair_t *pair)
{
    part_t part = {.name = pair->name, .kind = 't', .value = pair->value};
    orders_input_t *tree;

    if ((*pair->value == '{' || *pair->value == '[') &&
        !orders_input_json_member(&tree, input->pool, pair->name, pair->value)) {
        return json_part(pair->name, tree, json_object_get(orders_input_object(tree), pair->name));
    }
    return part;
}

/* ---- fields ---- */

static bool is_content(const char *name)
{
    for (size_t i = 0; i < sizeof(not_content) / sizeof(not_content[0]); i++) {
        if (strcmp(name, not_content[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool is_scalar(const orders_field_t *field)
{
    return field->type != ORDERS_FIELD_JSON && field->type != ORDERS_FIELD_OBJECT &&
           field->type != ORDERS_FIELD_ARRAY && field->type != ORDERS_FIELD_MAP;
}

/** The field of that name in the tables, or NULL. */
static const orders_field_t *decoded_field(const orders_input_t *input, const char *name)
{
    for (int i = 0; input->tables && i < input->tables->nelts; i++) {
        const orders_table_t *table = &APR_ARRAY_IDX(input->tables, i, orders_table_t);

        for (size_t at = 0; at < table->count; at++) {
            const orders_field_t *field = &table->fields[at];
            bool list = field->type == ORDERS_FIELD_IDS && !input->root;

            if (list ? orders_input_names_list(name, field->name)
                     : strcmp(field->name, name) == 0) {
                return field;
            }
        }
    }
    return NULL;
}

static bool has_part(const apr_array_header_t *parts, const char *name)
{
    for (int i = 0; i < parts->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(parts, i, part_t).name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_absent(const part_t *part)
{
    return part->kind == 'n' || (part->kind == 't' && (!part->value || !*part->value));
}

/** Adds a field as its table decodes it, or `raw` without a table. Skips a field that the decoder treats as absent. */
static void add_part(apr_array_header_t *parts, const orders_input_t *input, part_t raw)
{
    const orders_field_t *field = decoded_field(input, raw.name);
    const char *value =
        field && is_scalar(field) ? orders_field_canonical(field, input, input->pool) : NULL;

    if (value) {
        raw = (part_t){.name = field->name, .kind = 't', .value = value};
    }
    if (field && (value ? has_part(parts, raw.name) : is_absent(&raw))) {
        return;
    }
    if (is_content(raw.name)) {
        raw.place = parts->nelts;
        APR_ARRAY_PUSH(parts, part_t) = raw;
    }
}

static int by_name(const void *a, const void *b)
{
    const part_t *one = a, *other = b;
    int order = strcmp(one->name, other->name);

    return order ? order : one->place - other->place;
}

static apr_array_header_t *parts_of(const orders_input_t *input)
{
    apr_array_header_t *parts = apr_array_make(input->pool, 8, sizeof(part_t));
    const char *name;
    json_t *value;

    json_object_foreach(input->root, name, value)
    {
        add_part(parts, input, json_part(name, input, value));
    }
    for (int i = 0; input->pairs && i < input->pairs->nelts; i++) {
        add_part(parts, input, form_part(input, &APR_ARRAY_IDX(input->pairs, i, orders_pair_t)));
    }
    qsort(parts->elts, (size_t)parts->nelts, sizeof(part_t), by_name);
    return parts;
}

/* ---- the digest ---- */

/** Hashes the length and the bytes of a part, so that bytes cannot move between parts. */
static bool add(EVP_MD_CTX *context, const char *part, apr_size_t length)
{
    uint64_t size = length;

    return EVP_DigestUpdate(context, &size, sizeof(size)) == 1 &&
           EVP_DigestUpdate(context, part ? part : "", length) == 1;
}

static bool add_text(EVP_MD_CTX *context, const char *part)
{
    return add(context, part, part ? strlen(part) : 0);
}

static bool add_input(EVP_MD_CTX *context, const orders_input_t *input)
{
    const apr_array_header_t *parts = parts_of(input);

    for (int i = 0; i < parts->nelts; i++) {
        const part_t *part = &APR_ARRAY_IDX(parts, i, part_t);

        if (!add_text(context, part->name) || !add(context, &part->kind, 1) ||
            !add_text(context, part->value)) {
            return false;
        }
    }
    return add(context, (const char *)&parts->nelts, sizeof(parts->nelts));
}

static bool add_query(EVP_MD_CTX *context, const orders_call_t *call)
{
    const char *text = call->query ? call->query : "";
    orders_input_t *query;

    return orders_input_query(&query, call->pool, text) ? add_text(context, text)
                                                        : add_input(context, query);
}

/** Hashes the fields of the body, or its bytes when it was not decoded into fields (NDJSON, raw bodies). */
static bool add_body(EVP_MD_CTX *context, const orders_call_t *call)
{
    orders_call_t unread = *call;
    orders_input_t *input;

    if (!call->input && (call->route->raw_body || orders_input_body(&input, &unread, true))) {
        return add(context, call->body, call->body_length);
    }
    return add_input(context, call->input ? call->input : input);
}

/**
 * The same key of an actor from another application, or with instead of without a user, is refused (idempotency_key_reused), because the
 * fingerprint differs.
 */
static bool add_application(EVP_MD_CTX *context, const orders_call_t *call)
{
    const orders_identity_t *application = call->application;
    int64_t user = application ? application->user_id : 0;
    char acting = application && call->identity == application;

    return add(context, (const char *)&user, sizeof(user)) && add(context, &acting, 1);
}

static bool add_call(EVP_MD_CTX *context, const orders_call_t *call)
{
    unsigned method = call->route->method;
    int index;

    if (!add(context, (const char *)&method, sizeof(method)) ||
        !add_text(context, call->route->name)) {
        return false;
    }
    for (index = 0; index < ORDERS_MAX_PARAMS; index++) {
        if (!add_text(context, call->param[index])) {
            return false;
        }
    }
    return add_query(context, call) && add_body(context, call) && add_application(context, call);
}

orders_problem_t *orders_fingerprint(unsigned char out[ORDERS_SHA256_SIZE],
                                     const orders_call_t *call)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                add_call(context, call) && EVP_DigestFinal_ex(context, out, NULL) == 1;

    EVP_MD_CTX_free(context);
    return done ? NULL : orders_problem(call->pool, ORDERS_E_internal_error, NULL);
}
