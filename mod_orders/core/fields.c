/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fields.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

#include "core/decimal.h"
#include "core/input.h"
#include "core/money.h"
#include "core/number.h"
#include "core/text.h"

#define MAX_SHOWN 200 /* characters of a name in a path */

/** A field while it is decoded. */
typedef struct {
    const orders_field_t *field;
    const char *name; /* the field's, or the path of an entry inside it */
    const orders_input_t *input;
    json_t *json;     /* the value in a JSON input, else NULL */
    const char *text; /* the value in a form, or a JSON string's */
    apr_pool_t *pool;
    orders_problem_t **problem;
    bool patch; /* the value is part of a merge patch */
    void *to;   /* the struct's member */
} slot_t;

typedef bool (*decoder_t)(slot_t *slot);

/** The name of a member in a path, truncated: a client may send a very long one. */
const char *orders_field_shown_name(const char *name, apr_pool_t *pool)
{
    return strlen(name) > MAX_SHOWN ? orders_text_sanitise(pool, name, MAX_SHOWN) : name;
}

/** Adds a refused field. Always returns false. */
static bool refuse(slot_t *slot, orders_error_e error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(slot_t *slot, orders_error_e error, const char *format, ...)
{
    va_list arguments;
    const char *message;
    const char *name = slot->name;

    va_start(arguments, format);
    message = apr_pvsprintf(slot->pool, format, arguments);
    va_end(arguments);
    if (*slot->input->prefix) {
        name = apr_pstrcat(slot->pool, slot->input->prefix, name, NULL);
    }
    orders_problem_field(slot->problem, slot->pool, name, error, message);
    return false;
}

static bool out_of_range(slot_t *slot, int64_t min, int64_t max)
{
    if (max == INT64_MAX) {
        return refuse(slot, ORDERS_E_out_of_range, "The number is out of range.");
    }
    return refuse(slot, ORDERS_E_out_of_range,
                  "Must be from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT ".", min, max);
}

static bool decode_integer(slot_t *slot, int64_t *number)
{
    const orders_field_t *field = slot->field;
    bool limited = field->min != 0 || field->max != 0;
    int64_t lowest = field->type == ORDERS_FIELD_UINT64 ? 0 : INT64_MIN;
    int64_t min = limited ? field->min : lowest;
    int64_t max = limited ? field->max : INT64_MAX;
    orders_number_e outcome;

    if (json_is_integer(slot->json)) {
        *number = json_integer_value(slot->json);
        outcome = *number < min || *number > max ? ORDERS_NUMBER_RANGE : ORDERS_NUMBER_OK;
    } else { /* the text of a form, or the literal of a JSON number that is no int64: 1.5, or 1e30 */
        outcome = orders_number_integral(slot->json ? orders_input_literal(slot->input, slot->json)
                                                    : slot->text,
                                         min, max, number);
    }
    if (outcome == ORDERS_NUMBER_NONE) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an integer.");
    }
    return outcome == ORDERS_NUMBER_OK || out_of_range(slot, min, max);
}

static bool decode_int64(slot_t *slot)
{
    int64_t number = 0;

    if (!decode_integer(slot, &number)) {
        return false;
    }
    *(int64_t *)slot->to = number;
    return true;
}

static bool decode_uint64(slot_t *slot)
{
    int64_t number = 0;

    if (!decode_integer(slot, &number)) {
        return false;
    }
    *(uint64_t *)slot->to = (uint64_t)number;
    return true;
}

static bool is_string(slot_t *slot)
{
    return slot->text != NULL || refuse(slot, ORDERS_E_invalid_type, "Must be a string.");
}

/** The text of a JSON number as it was sent, else the value's own text, or NULL. */
static const char *literal_text(const slot_t *slot)
{
    if (json_is_integer(slot->json)) {
        return apr_psprintf(slot->pool, "%" APR_INT64_T_FMT,
                            (apr_int64_t)json_integer_value(slot->json));
    }
    return json_is_real(slot->json) ? orders_input_literal(slot->input, slot->json) : slot->text;
}

static bool is_string_or_integer(slot_t *slot)
{
    if (slot->field->flags & ORDERS_FIELD_OR_INTEGER && json_is_integer(slot->json)) {
        slot->text = literal_text(slot);
    }
    return is_string(slot);
}

static bool sanitise_string(slot_t *slot)
{
    const char *text = literal_text(slot);

    if (!text) {
        return false;
    }
    *(const char **)slot->to =
        orders_text_sanitise(slot->input->pool, text, (apr_size_t)slot->field->max);
    return true;
}

/**
 * The format of an empty text is not checked if the field has ORDERS_FIELD_OR_EMPTY, or is decoded into a struct (there, an empty text
 * counts as absent).
 */
static bool has_format(const slot_t *slot)
{
    const orders_field_t *field = slot->field;
    bool or_empty = field->offset != ORDERS_FIELD_CHECKED || field->flags & ORDERS_FIELD_OR_EMPTY;

    return !field->format || (or_empty && !*slot->text) || field->format->matches(slot->text);
}

/** The length of the text. For a number that is only checked and then passed to SQL: its length without an exponent, as SQL stores it. */
static int64_t count_characters(const slot_t *slot, apr_size_t length)
{
    apr_size_t count = slot->field->offset == ORDERS_FIELD_CHECKED && json_is_real(slot->json)
                           ? orders_decimal_plain_length(slot->text, length)
                           : orders_utf8_count(slot->text, length);

    return (int64_t)count;
}

static bool decode_string(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    apr_size_t length;
    int64_t count;

    if (field->flags & ORDERS_FIELD_SANITISE) {
        return sanitise_string(slot);
    }
    if (field->flags & ORDERS_FIELD_OR_NUMBER) {
        slot->text = literal_text(slot);
    }
    if (!is_string_or_integer(slot)) {
        return false;
    }
    length = strlen(slot->text);
    if (orders_text_has_control(slot->text, length, field->flags & ORDERS_FIELD_MULTILINE)) {
        return refuse(slot, ORDERS_E_invalid_field, "Must not contain control characters.");
    }
    count = count_characters(slot, length);
    if (field->max && count > field->max) {
        return refuse(slot, ORDERS_E_too_long, "At most %" APR_INT64_T_FMT " characters.",
                      field->max);
    }
    if (count < field->min || (!count && field->flags & ORDERS_FIELD_REQUIRED)) {
        return refuse(slot, ORDERS_E_invalid_field, "At least %" APR_INT64_T_FMT " characters.",
                      field->min ? field->min : 1);
    }
    if (!has_format(slot)) {
        return refuse(slot, ORDERS_E_invalid_field, "%s", field->format->sentence);
    }
    *(const char **)slot->to = slot->json ? apr_pstrdup(slot->input->pool, slot->text) : slot->text;
    return true;
}

static bool decode_bool(slot_t *slot)
{
    const char *text = slot->text;

    if (slot->json ? json_is_boolean(slot->json)
                   : !strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "1") ||
                         !strcmp(text, "0")) {
        *(bool *)slot->to = slot->json ? json_is_true(slot->json) : *text == 't' || *text == '1';
        return true;
    }
    return refuse(slot, ORDERS_E_invalid_type, "Must be true or false.");
}

static bool decode_enum(slot_t *slot)
{
    const char *const *value;
    const char *list = "";

    if (!is_string_or_integer(slot)) {
        return false;
    }
    for (value = slot->field->values; *value; value++) {
        if (strcmp(*value, slot->text) == 0) {
            *(const char **)slot->to = *value;
            return true;
        }
        list = apr_pstrcat(slot->pool, list, *list ? ", " : "", *value, NULL);
    }
    return refuse(slot, ORDERS_E_unknown_word, "Must be one of: %s.", list);
}

static bool decode_decimal(slot_t *slot)
{
    const char *text = slot->json && slot->text ? NULL : literal_text(slot);
    int64_t ignored;

    if (!text) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be a number.");
    }
    switch (orders_money_parse(text, strlen(text), ORDERS_MONEY_MAX_EXPONENT, &ignored)) {
    case ORDERS_MONEY_NONE:
        return refuse(slot, ORDERS_E_invalid_type, "Must be a number.");
    case ORDERS_MONEY_RANGE:
        return refuse(slot, ORDERS_E_out_of_range, "The number is out of range.");
    default: /* the number of decimals is checked with the currency */
        *(const char **)slot->to = text;
        return true;
    }
}

static bool decode_slot(slot_t *slot);

/** Room for the value of any field. */
typedef union {
    int64_t number;
    bool truth;
    const char *text;
    apr_array_header_t *ids;
} value_t;

/** Decodes the members of an object inside the field; `name` is its path. */
static bool decode_members(const slot_t *slot, json_t *object, const char *name, void *into)
{
    const orders_field_table_t *table = slot->field->members;
    slot_t place = *slot;
    orders_problem_t *problem;
    orders_input_t *input;

    place.name = name;
    if (!json_is_object(object)) {
        return refuse(&place, ORDERS_E_invalid_type, "Must be an object.");
    }
    input = orders_input_nested(slot->input, object, apr_pstrcat(slot->pool, name, ".", NULL),
                                slot->pool);
    input->patch = slot->patch;
    problem = orders_field_table_decode(table, input, into, slot->pool);
    orders_problem_merge(slot->problem, slot->pool, problem);
    return !problem;
}

/** One entry of an array or a map. */
static bool decode_entry(const slot_t *slot, json_t *value, const char *name, void *into)
{
    const orders_field_t *field = slot->field;
    value_t discarded;
    slot_t entry = *slot;

    if (slot->patch && json_is_null(value)) { /* removes the entry */
        return true;
    }
    if (field->members && (json_is_object(value) || !field->entry)) {
        return decode_members(slot, value, name, into);
    }
    entry.name = name;
    if (!field->entry) {
        return true;
    }
    if (json_is_null(value)) {
        return refuse(&entry, ORDERS_E_required_field, "The field is required.");
    }
    entry.field = field->entry;
    entry.json = value;
    entry.text = json_string_value(value);
    entry.to = &discarded;
    return decode_slot(&entry);
}

static bool check_count(slot_t *slot, size_t count)
{
    const orders_field_t *field = slot->field;

    if (field->max && ((int64_t)count < field->min || (int64_t)count > field->max)) {
        return refuse(slot, ORDERS_E_out_of_range,
                      "Must have from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " entries.",
                      field->min, field->max);
    }
    return true;
}

static bool decode_map(slot_t *slot);

static bool decode_array(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    apr_size_t size = field->members && field->offset != SIZE_MAX ? field->members->size : 0;
    apr_array_header_t *structs = NULL;
    bool good = true;
    json_t *value;
    size_t index;

    if (slot->patch && field->key && json_is_object(slot->json)) {
        return decode_map(slot);
    }
    slot->patch = false;
    if (!json_is_array(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type,
                      slot->json ? "Must be an array." : "A form cannot hold this field.");
    }
    if (!check_count(slot, json_array_size(slot->json))) {
        return false;
    }
    if (size) {
        structs = apr_array_make(slot->pool, (int)json_array_size(slot->json), (int)size);
    }
    json_array_foreach(slot->json, index, value)
    {
        void *into = structs ? memset(apr_array_push(structs), 0, size) : NULL;
        const char *name = apr_psprintf(slot->pool, "%s[%" APR_SIZE_T_FMT "]", slot->name, index);

        good = decode_entry(slot, value, name, into) && good;
    }
    *(void **)slot->to = structs ? (void *)structs : (void *)slot->json;
    return good;
}

/** The name of an entry has the rules of the member that it replaces. */
static bool is_key(slot_t key, const char *name)
{
    value_t discarded;

    key.field = key.field->members->fields;
    key.json = NULL;
    key.text = name;
    key.to = &discarded;
    return decode_string(&key);
}

static bool decode_map(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    bool good = true;
    const char *name;
    json_t *value;

    if (!json_is_object(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type,
                      slot->json ? "Must be an object." : "A form cannot hold this field.");
    }
    if (!check_count(slot, json_object_size(slot->json))) {
        return false;
    }
    json_object_foreach(slot->json, name, value)
    {
        slot_t entry = *slot;

        entry.name = apr_pstrcat(slot->pool, slot->name, ".",
                                 orders_field_shown_name(name, slot->pool), NULL);
        good = (!field->format || field->format->matches(name) ||
                refuse(&entry, ORDERS_E_invalid_field, "%s", field->format->sentence)) &&
               (!field->key || is_key(entry, name)) &&
               decode_entry(slot, value, entry.name, NULL) && good;
    }
    *(json_t **)slot->to = slot->json;
    return good;
}

/** Decodes an object, or JSON of any type. */
static bool decode_json(slot_t *slot)
{
    const orders_field_t *field = slot->field;

    if (field->type == ORDERS_FIELD_OBJECT && !json_is_object(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an object.");
    }
    if (!slot->json) {
        return refuse(slot, ORDERS_E_invalid_type, "A form cannot hold this field.");
    }
    *(json_t **)slot->to = slot->json;
    return !field->members || decode_members(slot, slot->json, slot->name, NULL);
}

/** The id in an entry of a list; 0: it is not an id. */
static int64_t id_of(const json_t *entry)
{
    return json_is_integer(entry) && json_integer_value(entry) > 0 ? json_integer_value(entry) : 0;
}

static apr_array_header_t *entries_of(const slot_t *slot)
{
    apr_array_header_t *ids = apr_array_make(slot->pool, 4, sizeof(int64_t));
    size_t index;

    if (!slot->json) {
        apr_array_header_t *texts =
            orders_input_form_values(slot->input, slot->field->name, slot->pool);
        for (int at = 0; at < texts->nelts; at++) {
            int64_t id = 0;

            (void)!orders_number_integral(APR_ARRAY_IDX(texts, at, const char *), 1, INT64_MAX,
                                          &id);
            APR_ARRAY_PUSH(ids, int64_t) = id;
        }
    }
    for (index = 0; index < json_array_size(slot->json); index++) {
        APR_ARRAY_PUSH(ids, int64_t) = id_of(json_array_get(slot->json, index));
    }
    return ids;
}

static bool decode_ids(slot_t *slot)
{
    apr_array_header_t *ids = entries_of(slot);
    int index;

    if (slot->json && !json_is_array(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an array.");
    }
    if (!check_count(slot, (size_t)ids->nelts)) {
        return false;
    }
    for (index = 0; index < ids->nelts; index++) {
        if (!APR_ARRAY_IDX(ids, index, int64_t)) {
            return refuse(slot, ORDERS_E_invalid_type, "Must be an array of ids.");
        }
    }
    *(apr_array_header_t **)slot->to = ids;
    return true;
}

static const decoder_t decoders[] = {
    [ORDERS_FIELD_UINT64] = decode_uint64, [ORDERS_FIELD_INT64] = decode_int64,
    [ORDERS_FIELD_STRING] = decode_string, [ORDERS_FIELD_BOOL] = decode_bool,
    [ORDERS_FIELD_ENUM] = decode_enum,     [ORDERS_FIELD_DECIMAL] = decode_decimal,
    [ORDERS_FIELD_JSON] = decode_json,     [ORDERS_FIELD_OBJECT] = decode_json,
    [ORDERS_FIELD_ARRAY] = decode_array,   [ORDERS_FIELD_MAP] = decode_map,
    [ORDERS_FIELD_IDS] = decode_ids,
};

static bool decode_slot(slot_t *slot)
{
    return decoders[slot->field->type](slot);
}

/** Flags of texts for which "" counts as absent. */
#define NO_EMPTY_TEXT (ORDERS_FIELD_REQUIRED | ORDERS_FIELD_LENIENT)

/** Finds the value of the field. False: absent, as defined in fields.h. */
static bool fetch(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    const apr_array_header_t *values;

    slot->json = NULL;
    if (slot->input->root) {
        slot->json = json_object_get(slot->input->root, field->name);
        slot->text = json_string_value(slot->json);
    } else if (field->type == ORDERS_FIELD_IDS) {
        values = orders_input_form_values(slot->input, field->name, slot->pool);
        slot->text = values->nelts ? APR_ARRAY_IDX(values, 0, const char *) : NULL;
    } else {
        slot->text = orders_input_form_value(slot->input, field->name);
    }
    if (slot->json ? json_is_null(slot->json) : !slot->text) {
        return false;
    }
    if (slot->text && *slot->text == '\0') {
        return field->offset == ORDERS_FIELD_CHECKED ||
               (field->type == ORDERS_FIELD_STRING && !(field->flags & NO_EMPTY_TEXT));
    }
    return true;
}

static const char *ids_text(const apr_array_header_t *ids, apr_pool_t *pool)
{
    const char *text = "";
    int index;

    for (index = 0; index < ids->nelts; index++) {
        text = apr_psprintf(pool, "%s%" APR_INT64_T_FMT ",", text,
                            (apr_int64_t)APR_ARRAY_IDX(ids, index, int64_t));
    }
    return text;
}

static const char *value_text(const orders_field_t *field, const value_t *scalar, apr_pool_t *pool)
{
    switch (field->type) {
    case ORDERS_FIELD_UINT64:
    case ORDERS_FIELD_INT64:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)scalar->number);
    case ORDERS_FIELD_BOOL:
        return scalar->truth ? "true" : "false";
    case ORDERS_FIELD_DECIMAL:
        return orders_decimal_canonical(pool, scalar->text, strlen(scalar->text));
    case ORDERS_FIELD_IDS:
        return ids_text(scalar->ids, pool);
    default:
        return scalar->text;
    }
}

const char *orders_field_canonical(const orders_field_t *field, const orders_input_t *input,
                                   apr_pool_t *pool)
{
    orders_problem_t *ignored = NULL;
    value_t scalar = {.number = 0};
    slot_t slot = {field, field->name, input, NULL, NULL, pool, &ignored, false, &scalar};
    const char *text = NULL;

    if (fetch(&slot)) {
        slot.json = slot.text ? NULL : slot.json; /* a text in JSON is read as a form's */
        text = decode_slot(&slot) ? value_text(field, &scalar, pool) : NULL;
    }
    return text && *text ? text : NULL;
}

/** Registers the table for the fingerprint, which compares fields by value. */
static void note_table(const orders_field_t *table, size_t count, const orders_input_t *input)
{
    if (input->tables) {
        APR_ARRAY_PUSH(input->tables, orders_table_t) = (orders_table_t){table, count};
    }
}

/** Decodes a field. `*valid`: its value is in the struct. False: the field counts as absent. */
static bool read_field(slot_t *slot, bool *valid)
{
    orders_problem_t *ignored = NULL, **problem = slot->problem;
    bool lenient = slot->field->flags & ORDERS_FIELD_LENIENT;
    bool there = fetch(slot);

    if (lenient) {
        slot->problem = &ignored;
        slot->json = slot->text ? NULL : slot->json;
    }
    *valid = there && decode_slot(slot);
    slot->problem = problem;
    return lenient ? *valid : there;
}

orders_problem_t *orders_fields_decode(const orders_field_t *table, size_t count,
                                       const orders_input_t *input, void *into, apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;
    slot_t slot = {.input = input, .pool = pool, .problem = &problem};
    value_t discarded;
    size_t index;
    bool valid;

    note_table(table, count, input);
    for (index = 0; index < count; index++) {
        const orders_field_t *field = &table[index];

        slot.field = field;
        slot.name = field->name;
        slot.patch = input->patch;
        slot.to = into && field->offset != ORDERS_FIELD_CHECKED ? (char *)into + field->offset
                                                                : (void *)&discarded;
        if (!read_field(&slot, &valid) && field->flags & ORDERS_FIELD_REQUIRED &&
            (!input->patch || slot.json)) {
            refuse(&slot, ORDERS_E_required_field, "The field is required.");
        }
        if (valid && into && field->given != SIZE_MAX) {
            *(bool *)((char *)into + field->given) = true;
        }
    }
    return problem;
}
