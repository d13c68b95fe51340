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

/** One field on its way from the input into the struct. */
typedef struct {
    const orders_field_t *field;
    const orders_input_t *input;
    json_t *json;     /* the value in a JSON input, else NULL */
    const char *text; /* the value in a form, or a JSON string's */
    apr_pool_t *pool;
    orders_problem_t **problem;
    void *to; /* the struct's member */
} slot_t;

typedef bool (*decoder_t)(slot_t *slot);

/** Any decoded value. */
typedef union {
    int64_t number;
    bool truth;
    const char *text;
    apr_array_header_t *ids;
    json_t *tree;
} value_t;

/** Notes the refusal; always false. */
static bool refuse(slot_t *slot, orders_error_e error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(slot_t *slot, orders_error_e error, const char *format, ...)
{
    va_list arguments;
    const char *message;
    const char *name = slot->field->name;

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
    } else { /* a real number has a literal here when it is beyond int64, or no integer */
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

static bool sanitise_string(slot_t *slot)
{
    const char *text = slot->text;

    if (json_is_number(slot->json)) {
        text = orders_input_text(slot->input, slot->field->name);
    }
    if (!text) {
        return false;
    }
    *(const char **)slot->to =
        orders_text_sanitise(slot->input->pool, text, (apr_size_t)slot->field->max);
    return true;
}

static bool decode_string(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    apr_size_t length;
    int64_t count;

    if (field->flags & ORDERS_FIELD_SANITISE) {
        return sanitise_string(slot);
    }
    if (!is_string(slot)) {
        return false;
    }
    length = strlen(slot->text);
    if (orders_text_has_control(slot->text, length, field->flags & ORDERS_FIELD_MULTILINE)) {
        return refuse(slot, ORDERS_E_invalid_field, "Must not contain control characters.");
    }
    count = (int64_t)orders_utf8_count(slot->text, length);
    if (field->max && count > field->max) {
        return refuse(slot, ORDERS_E_too_long, "At most %" APR_INT64_T_FMT " characters.",
                      field->max);
    }
    if (count < field->min) {
        return refuse(slot, ORDERS_E_invalid_field, "At least %" APR_INT64_T_FMT " characters.",
                      field->min);
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

static bool decode_word(slot_t *slot)
{
    const char *const *word;
    const char *list = "";

    if (!is_string(slot)) {
        return false;
    }
    for (word = slot->field->words; *word; word++) {
        if (strcmp(*word, slot->text) == 0) {
            *(const char **)slot->to = *word;
            return true;
        }
        list = apr_pstrcat(slot->pool, list, *list ? ", " : "", *word, NULL);
    }
    return refuse(slot, ORDERS_E_unknown_word, "Must be one of: %s.", list);
}

static bool decode_decimal(slot_t *slot)
{
    const char *text = slot->text;
    int64_t ignored;

    if (slot->json) {
        text = json_is_integer(slot->json)
                   ? apr_psprintf(slot->pool, "%" APR_INT64_T_FMT,
                                  (apr_int64_t)json_integer_value(slot->json))
                   : orders_input_literal(slot->input, slot->json);
    }
    if (!text) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be a number.");
    }
    switch (orders_money_parse(text, strlen(text), ORDERS_MONEY_MAX_EXPONENT, &ignored)) {
    case ORDERS_MONEY_NONE:
        return refuse(slot, ORDERS_E_invalid_type, "Must be a number.");
    case ORDERS_MONEY_RANGE:
        return refuse(slot, ORDERS_E_out_of_range, "The number is out of range.");
    default: /* how many decimals there may be is the currency's business */
        *(const char **)slot->to = text;
        return true;
    }
}

/** Checks the members of an object; `place` names it: "address", "lines[2]". */
static bool check_members(slot_t *slot, json_t *object, const char *place)
{
    const orders_input_t *input = slot->input;
    orders_problem_t *problem = NULL;

    if (json_is_object(object)) {
        problem = orders_field_table_decode(
            slot->field->members,
            orders_input_nested(input, object, apr_pstrcat(slot->pool, place, ".", NULL),
                                slot->pool),
            NULL, slot->pool);
    } else {
        orders_problem_field(&problem, slot->pool,
                             apr_pstrcat(slot->pool, input->prefix, place, NULL),
                             ORDERS_E_invalid_type, "Must be an object.");
    }
    orders_problem_merge(slot->problem, slot->pool, problem);
    return !problem;
}

static bool check_tree(slot_t *slot)
{
    const orders_field_t *field = slot->field;
    bool good = true;
    json_t *entry;
    size_t index;

    if (field->type == ORDERS_FIELD_OBJECT) {
        return check_members(slot, slot->json, field->name);
    }
    json_array_foreach(slot->json, index, entry)
    {
        const char *place = apr_psprintf(slot->pool, "%s[%d]", field->name, (int)index);

        good = check_members(slot, entry, place) && good;
    }
    return good;
}

static bool decode_tree(slot_t *slot)
{
    orders_field_type_e type = slot->field->type;

    if (type == ORDERS_FIELD_OBJECT && !json_is_object(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an object.");
    }
    if (type == ORDERS_FIELD_ARRAY && !json_is_array(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an array.");
    }
    if (!slot->json) {
        return refuse(slot, ORDERS_E_invalid_type, "A form cannot hold this field.");
    }
    if (slot->field->members && !check_tree(slot)) {
        return false;
    }
    *(json_t **)slot->to = slot->json;
    return true;
}

/** The id that an entry of a list is, 0 when it is none. */
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
    const orders_field_t *field = slot->field;
    apr_array_header_t *ids = entries_of(slot);
    int index;

    if (slot->json && !json_is_array(slot->json)) {
        return refuse(slot, ORDERS_E_invalid_type, "Must be an array.");
    }
    if (field->max && (ids->nelts < field->min || ids->nelts > field->max)) {
        return refuse(slot, ORDERS_E_out_of_range,
                      "Must have from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " entries.",
                      field->min, field->max);
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
    [ORDERS_FIELD_WORD] = decode_word,     [ORDERS_FIELD_DECIMAL] = decode_decimal,
    [ORDERS_FIELD_JSON] = decode_tree,     [ORDERS_FIELD_OBJECT] = decode_tree,
    [ORDERS_FIELD_ARRAY] = decode_tree,    [ORDERS_FIELD_IDS] = decode_ids,
};

/** Finds the field's value; false when it is not there (see fields.h for what that means). */
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
        return field->type == ORDERS_FIELD_STRING && !(field->flags & ORDERS_FIELD_REQUIRED);
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
    slot_t slot = {
        .field = field, .input = input, .pool = pool, .problem = &ignored, .to = &scalar};

    const char *text = NULL;

    if (fetch(&slot)) {
        slot.json = slot.text ? NULL : slot.json; /* a text in JSON is read as a form's */
        text = decoders[field->type](&slot) ? value_text(field, &scalar, pool) : NULL;
    }
    return text && *text ? text : NULL;
}

void orders_fields_describe(const orders_field_t *table, size_t count, const orders_input_t *input)
{
    if (input->tables) {
        APR_ARRAY_PUSH(input->tables, orders_table_t) = (orders_table_t){table, count};
    }
}

orders_problem_t *orders_fields_decode(const orders_field_t *table, size_t count,
                                       const orders_input_t *input, void *into, apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;
    slot_t slot = {.input = input, .pool = pool, .problem = &problem};
    value_t checked;
    size_t index;

    orders_fields_describe(table, count, input);
    for (index = 0; index < count; index++) {
        const orders_field_t *field = &table[index];

        slot.field = field;
        slot.to = into ? (char *)into + field->offset : (void *)&checked;
        if (!fetch(&slot)) {
            if (field->flags & ORDERS_FIELD_REQUIRED) {
                refuse(&slot, ORDERS_E_required_field, "The field is required.");
            }
        } else if (decoders[field->type](&slot) && into && field->given != SIZE_MAX) {
            *(bool *)((char *)into + field->given) = true;
        }
    }
    return problem;
}

typedef struct names_t {
    const orders_field_t *table;
    size_t count;
    const char *const *read_only;
} names_t;

/** Whether a list of the table or of `read_only` has the name; "id[]" of a form is "id". */
static bool is_known(const names_t *names, const char *name)
{
    size_t length = strcspn(name, "[");

    for (size_t i = 0; i < names->count; i++) {
        if (strncmp(names->table[i].name, name, length) == 0 && !names->table[i].name[length]) {
            return true;
        }
    }
    for (const char *const *other = names->read_only; other && *other; other++) {
        if (strncmp(*other, name, length) == 0 && !(*other)[length]) {
            return true;
        }
    }
    return false;
}

static void check_name(const names_t *names, const orders_input_t *input, const char *name,
                       orders_problem_t **problem, apr_pool_t *pool)
{
    if (!is_known(names, name)) {
        orders_problem_field(problem, pool, apr_pstrcat(pool, input->prefix, name, NULL),
                             ORDERS_E_unknown_field, orders_error_sentence(ORDERS_E_unknown_field));
    }
}

orders_problem_t *orders_fields_decode_exactly(const orders_field_t *table, size_t count,
                                               const char *const *read_only,
                                               const orders_input_t *input, void *into,
                                               apr_pool_t *pool)
{
    const names_t names = {table, count, read_only};
    orders_problem_t *problem = orders_fields_decode(table, count, input, into, pool);
    const char *name;
    json_t *value;

    json_object_foreach(input->root, name, value)
    {
        check_name(&names, input, name, &problem, pool);
    }
    for (int i = 0; input->pairs && i < input->pairs->nelts; i++) {
        name = APR_ARRAY_IDX(input->pairs, i, orders_pair_t).name;
        check_name(&names, input, name, &problem, pool);
    }
    return problem;
}

orders_problem_t *orders_field_table_decode(const orders_field_table_t *table,
                                            const orders_input_t *input, void *into,
                                            apr_pool_t *pool)
{
    return table->exactly ? orders_fields_decode_exactly(table->fields, table->count,
                                                         table->read_only, input, into, pool)
                          : orders_fields_decode(table->fields, table->count, input, into, pool);
}

const char *orders_input_string(const orders_input_t *input, const char *name)
{
    return input->root ? json_string_value(json_object_get(input->root, name))
                       : orders_input_form_value(input, name);
}

const char *orders_input_text(const orders_input_t *input, const char *name)
{
    const json_t *value = json_object_get(input->root, name);

    if (json_is_integer(value)) {
        return apr_psprintf(input->pool, "%" APR_INT64_T_FMT,
                            (apr_int64_t)json_integer_value(value));
    }
    return json_is_real(value) ? orders_input_literal(input, value)
                               : orders_input_string(input, name);
}

/** What is wrong with a field that two inputs may have, or NULL. */
static const char *fault_in(const json_t *value, const char *first, const char *second)
{
    if (value && !json_is_null(value) && !second) {
        return "Must be a text or a number.";
    }
    return first && second && strcmp(first, second) != 0
               ? "Has one value in the query and another one in the body."
               : NULL;
}

orders_problem_t *orders_input_both(orders_input_t **both, const orders_input_t *query,
                                    const orders_input_t *body, const char *const *names,
                                    apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;

    *both = orders_input_pairs(pool, NULL);
    for (; *names; names++) {
        const char *first = orders_input_text(query, *names);
        const char *second = orders_input_text(body, *names);
        const char *fault = fault_in(json_object_get(body->root, *names), first, second);

        if (!fault && (first || second)) {
            fault = orders_input_add_pair(*both, *names, first ? first : second);
        }
        if (fault) {
            orders_problem_field(&problem, pool, *names, ORDERS_E_invalid_field, fault);
        }
    }
    return problem;
}
