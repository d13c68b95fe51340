/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON body: parsed, decoded by a table, and written back by our own writer. */
#include "support.h"

#include <stdbool.h>

#include "core/fields.h"
#include "core/format.h"
#include "core/json_writer.h"
#include "core/money.h"
#include "core/text.h"

typedef struct {
    uint64_t id;
    int64_t number;
    const char *name, *notes, *word, *price;
    bool flag;
    json_t *any, *object, *array, *map, *address;
    apr_array_header_t *lines;
} sample_t;

typedef struct {
    uint64_t id;
    int64_t quantity;
} line_t;

static const char *const words[] = {"balance", "external", NULL};

#define FIELD(member, kind, ...)                                                                   \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .offset = offsetof(sample_t, member),        \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }

#define CHECKED(text, kind, ...)                                                                   \
    {                                                                                              \
        .name = text, .type = ORDERS_FIELD_##kind, .offset = ORDERS_FIELD_CHECKED,                 \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }

static const orders_field_t line_fields[] = {
    {.name = "id",
     .type = ORDERS_FIELD_UINT64,
     .flags = ORDERS_FIELD_REQUIRED,
     .offset = offsetof(line_t, id),
     .given = SIZE_MAX},
    {.name = "quantity",
     .type = ORDERS_FIELD_INT64,
     .offset = offsetof(line_t, quantity),
     .given = SIZE_MAX,
     .min = 1,
     .max = 9},
};
static const orders_field_table_t line_table =
    ORDERS_FIELD_TABLE(line_fields, .exactly = true, .size = sizeof(line_t));

static const orders_field_t number = CHECKED(NULL, INT64, .max = 99);
static const orders_field_t address_fields[] = {
    CHECKED("city", STRING, .flags = ORDERS_FIELD_OR_NUMBER, .max = 8),
    CHECKED("at", STRING, .format = &orders_format_time),
    CHECKED("url", STRING, .format = &orders_format_url),
};
static const orders_field_table_t address_table =
    ORDERS_FIELD_TABLE(address_fields, .exactly = true);

static const orders_field_t table[] = {
    FIELD(id, UINT64, .flags = ORDERS_FIELD_REQUIRED),
    FIELD(number, INT64, .min = -10, .max = 10),
    FIELD(name, STRING, .max = 16),
    FIELD(notes, STRING, .flags = ORDERS_FIELD_MULTILINE),
    FIELD(word, ENUM, .values = words),
    FIELD(price, DECIMAL, .flags = 0),
    FIELD(flag, BOOL, .flags = 0),
    FIELD(any, JSON, .flags = 0),
    FIELD(object, OBJECT, .flags = 0),
    FIELD(array, ARRAY, .entry = &number),
    FIELD(map, MAP, .members = &address_table, .entry = &number, .format = &orders_format_language),
    FIELD(address, OBJECT, .members = &address_table),
    FIELD(lines, ARRAY, .members = &line_table, .max = 3),
};
#define FIELDS (sizeof(table) / sizeof(table[0]))

static bool is_number(const json_t *value)
{
    return json_is_number(value) && json_number_value(value) <= 99;
}

static bool is_address(json_t *value)
{
    const char *name;
    json_t *member;

    json_object_foreach(value, name, member)
    {
        if (strcmp(name, "city") != 0 && strcmp(name, "at") != 0 && strcmp(name, "url") != 0) {
            return false;
        }
    }
    return json_is_object(value);
}

/* Invariants of a request without a refusal. */
static void check_trees(const sample_t *sample)
{
    const char *name;
    json_t *value;
    size_t index;

    json_array_foreach(sample->array, index, value)
    {
        HOLDS(is_number(value));
    }
    json_object_foreach(sample->map, name, value)
    {
        HOLDS(orders_format_language.matches(name));
        HOLDS(is_number(value) || is_address(value));
    }
    HOLDS(!sample->address || is_address(sample->address));
    for (int i = 0; sample->lines && i < sample->lines->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(sample->lines, i, line_t);

        HOLDS(i < 3 && line->id <= INT64_MAX && line->quantity >= 0 && line->quantity <= 9);
    }
}

static void check_fields(const orders_input_t *input, apr_pool_t *pool)
{
    sample_t sample = {.id = 0};
    orders_problem_t *problem = orders_fields_decode(table, FIELDS, input, &sample, pool);
    int64_t minor;

    HOLDS(sample.id <= INT64_MAX && sample.number >= -10 && sample.number <= 10);
    HOLDS(!sample.name || orders_utf8_count(sample.name, strlen(sample.name)) <= 16);
    HOLDS(!sample.name || !orders_text_has_control(sample.name, strlen(sample.name), false));
    HOLDS(!sample.word || sample.word == words[0] || sample.word == words[1]);
    HOLDS(!sample.object || json_is_object(sample.object));
    HOLDS(!sample.array || json_is_array(sample.array));
    HOLDS(!sample.price ||
          orders_money_parse(sample.price, strlen(sample.price), 2, &minor) != ORDERS_MONEY_NONE);
    HOLDS(!problem || (problem->fields && problem->fields->nelts > 0));
    if (!problem) {
        check_trees(&sample);
    }
}

/** Writes a tree with the JSON writer. Parsing the output must return the same tree. */
static void write_tree(orders_json_t *json, const json_t *tree)
{
    const char *name;
    json_t *child;
    size_t index;

    switch (json_typeof(tree)) {
    case JSON_OBJECT:
        /* As an array: a name may need escapes, which the writer does not support in names. */
        orders_json_begin_array(json);
        json_object_foreach((json_t *)(uintptr_t)tree, name, child)
        {
            orders_json_string(json, name);
            write_tree(json, child);
        }
        orders_json_end_array(json);
        break;
    case JSON_ARRAY:
        orders_json_begin_array(json);
        json_array_foreach(tree, index, child)
        {
            write_tree(json, child);
        }
        orders_json_end_array(json);
        break;
    case JSON_STRING:
        orders_json_string_n(json, json_string_value(tree), json_string_length(tree));
        break;
    case JSON_INTEGER:
        orders_json_int(json, json_integer_value(tree));
        break;
    default:
        orders_json_null(json);
        break;
    }
}

static void check_writer(const json_t *tree, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool), *again = orders_json_open(pool);
    const char *text, *second;
    apr_size_t length;
    json_t *back;

    write_tree(json, tree);
    text = orders_json_text(json, pool, &length);
    back = json_loadb(text, length, 0, NULL);
    HOLDS(back);
    write_tree(again, back);
    second = orders_json_text(again, pool, NULL);
    HOLDS(strcmp(text, second) == 0);
    json_decref(back);
}

/** Each real number of the tree has its literal, and the literal is that number. */
static void check_literals(const orders_input_t *input, const json_t *tree)
{
    const char *name;
    json_t *child;
    size_t index;

    if (json_is_real(tree)) {
        const char *literal = orders_input_literal(input, tree);

        HOLDS(literal && strtod(literal, NULL) == json_real_value(tree));
    } else if (json_is_object(tree)) {
        json_object_foreach((json_t *)(uintptr_t)tree, name, child)
        {
            check_literals(input, child);
        }
    } else if (json_is_array(tree)) {
        json_array_foreach(tree, index, child)
        {
            check_literals(input, child);
        }
    }
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    orders_input_t *input = NULL;
    orders_problem_t *problem = orders_input_json(&input, pool, text, length, true);

    if (problem) {
        HOLDS(problem->error == ORDERS_E_malformed_json && *problem->detail);
        return;
    }
    check_fields(input, pool);
    check_literals(input, orders_input_object(input));
    check_writer(orders_input_object(input), pool);
}
