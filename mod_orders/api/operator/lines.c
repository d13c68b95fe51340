/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: line items in the body of a refund or a return. */
#include "api/operator/operator.h"

#define MAX_QUANTITY 999999999

typedef struct requested_line_t {
    uint64_t id;
    int64_t quantity; /* 0: not in the body */
} requested_line_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(requested_line_t, UINT64, id, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(requested_line_t, INT64, quantity, .min = 1, .max = MAX_QUANTITY),
};
static const orders_field_t counted_fields[] = {
    ORDERS_FIELD(requested_line_t, UINT64, id, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(requested_line_t, INT64, quantity, .flags = ORDERS_FIELD_REQUIRED, .min = 1,
                 .max = MAX_QUANTITY),
};

/* Members of a line item in an order, which a client may send back. */
static const char *const read_only[] = {
    "kind",
    "product",
    "variant",
    "variant_name",
    "plan",
    "billing_option",
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

const orders_field_table_t orders_operator_line_fields = ORDERS_FIELD_TABLE(
    fields, .exactly = true, .read_only = read_only, .size = sizeof(requested_line_t));
const orders_field_table_t orders_operator_counted_line_fields = ORDERS_FIELD_TABLE(
    counted_fields, .exactly = true, .read_only = read_only, .size = sizeof(requested_line_t));

const char *orders_operator_lines_text(const apr_array_header_t *lines, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_array(json);
    for (int i = 0; i < lines->nelts; i++) {
        const requested_line_t *line = &APR_ARRAY_IDX(lines, i, requested_line_t);
        orders_json_begin_object(json);
        orders_json_member_int(json, "id", (int64_t)line->id);
        if (line->quantity) {
            orders_json_member_int(json, "quantity", line->quantity);
        }
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
    return orders_json_text(json, pool, NULL);
}
