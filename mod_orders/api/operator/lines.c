/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: lines of an order in a request, as refunds and returns name them. */
#include <apr_strings.h>
#include <jansson.h>

#include "api/operator/operator.h"

#define MAX_LINES 500

typedef struct line_t {
    uint64_t id;
    int64_t quantity;
    bool quantity_given;
} line_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(line_t, UINT64, id, .flags = ORDERS_FIELD_REQUIRED),
    {
        .name = "quantity",
        .type = ORDERS_FIELD_INT64,
        .offset = offsetof(line_t, quantity),
        .given = offsetof(line_t, quantity_given),
        .min = 1,
        .max = 999999999,
    },
};

/* The other members of a line as an order shows it. */
static const char *const read_only[] = {
    "kind",
    "product",
    "variant",
    "title",
    "unit_price",
    "list_price",
    "discount",
    "tax",
    "subtotal",
    "returnable",
    "image",
    "metadata",
    "refunded_quantity",
    "cancelled_quantity",
    NULL,
};

typedef struct reading_t {
    const orders_input_t *input;
    bool counted; /* each line has a quantity */
    orders_json_t *json;
    apr_pool_t *pool;
} reading_t;

/* One line, checked, as the order book reads it. */
static orders_problem_t *read_line(const reading_t *reading, int index, json_t *element)
{
    apr_pool_t *pool = reading->pool;
    const char *name = apr_psprintf(pool, "lines[%d]", index);
    orders_problem_t *problem = NULL;
    line_t line = {0};
    if (!json_is_object(element)) {
        orders_problem_field(&problem, pool, name, ORDERS_E_invalid_type,
                             "The line must be an object.");
        return problem;
    }
    orders_input_t *nested =
        orders_input_nested(reading->input, element, apr_pstrcat(pool, name, ".", NULL), pool);
    problem =
        orders_fields_decode_exactly(fields, ORDERS_COUNT(fields), read_only, nested, &line, pool);
    if (reading->counted && !line.quantity_given && !problem) {
        orders_problem_field(&problem, pool, apr_pstrcat(pool, name, ".quantity", NULL),
                             ORDERS_E_required_field,
                             orders_error_sentence(ORDERS_E_required_field));
    }
    orders_json_begin_object(reading->json);
    orders_json_member_int(reading->json, "id", (int64_t)line.id);
    if (line.quantity_given) {
        orders_json_member_int(reading->json, "quantity", line.quantity);
    }
    orders_json_end_object(reading->json);
    return problem;
}

orders_problem_t *orders_operator_lines(const orders_input_t *input, json_t *lines, bool counted,
                                        apr_pool_t *pool, const char **text)
{
    const reading_t reading = {input, counted, orders_json_open(pool), pool};
    orders_problem_t *problem = NULL;
    size_t count = json_array_size(lines);
    if (count < 1 || count > MAX_LINES) {
        orders_problem_field(&problem, pool, "lines", ORDERS_E_out_of_range,
                             "1 to 500 lines are needed.");
        return problem;
    }
    orders_json_begin_array(reading.json);
    for (size_t i = 0; i < count; i++) {
        orders_problem_merge(&problem, pool, read_line(&reading, (int)i, json_array_get(lines, i)));
    }
    orders_json_end_array(reading.json);
    apr_size_t length;
    *text = orders_json_text(reading.json, pool, &length);
    return problem;
}
