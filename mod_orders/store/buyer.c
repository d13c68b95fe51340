/* SPDX-License-Identifier: Apache-2.0 */
#include "store/buyer.h"

#include "store/page_row.h"

#define OWN " FROM orders.orders AS o WHERE o.tenant_id = $1 AND o.buyer_id = $2"

/* $3 orders beginning at $4, with what `more` adds to their rows, and how many there are in all. */
#define LIST(more)                                                                                 \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id" OWN " ORDER BY o.created_at DESC, o.id DESC"       \
    " LIMIT $3 OFFSET $4) AS ids OFFSET 0) AS p CROSS JOIN LATERAL ("                              \
    "SELECT * FROM orders_v1.rows_of($1, p.ids) UNION ALL " more                                   \
    " UNION ALL " ORDERS_PAGE_ROW("(SELECT count(*)" OWN ")", "false") ") AS r"

#define READ(which)                                                                                \
    "SELECT r.* FROM (SELECT ARRAY[o.id] AS ids" OWN " AND " which " OFFSET 0) AS p"               \
    " CROSS JOIN LATERAL (SELECT * FROM orders_v1.rows_of($1, p.ids)"                              \
    " UNION ALL SELECT * FROM orders_v1.more_of($1, p.ids)"                                        \
    " UNION ALL SELECT * FROM orders_v1.labels_of($1, $4::text[])) AS r"

static const orders_statement_t list_labels = {
    .name = "orders_buyer_list_labels",
    .text = LIST("SELECT * FROM orders_v1.labels_of($1, $5::text[])"),
    .param_count = 5,
};
static const orders_statement_t list_shipments = {
    .name = "orders_buyer_list_shipments",
    .text = LIST("SELECT * FROM orders_v1.shipments_of($1, p.ids)"),
    .param_count = 4,
};
static const orders_statement_t read_by_id = {
    .name = "orders_buyer_read",
    .text = READ("o.id = $3"),
    .param_count = 4,
};
static const orders_statement_t read_by_public_id = {
    .name = "orders_buyer_read_public",
    .text = READ("o.public_id = $3::uuid"),
    .param_count = 4,
};
static const orders_statement_t reorder = {
    .name = "orders_reorder",
    .text = "SELECT * FROM orders_v1.reorder(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t read_bill = {
    .name = "orders_read_bill",
    .text = "SELECT * FROM orders_v1.read_bill($1, $2, $3)",
    .param_count = 3,
};

static void reader_params(orders_params_t *params, const orders_reader_t *reader)
{
    orders_params_init(params, reader->pool);
    orders_param_int(params, reader->tenant);
}

static void add_languages(orders_params_t *params, const apr_array_header_t *languages)
{
    if (languages) {
        orders_param_array(params, (const char *const *)(void *)languages->elts, languages->nelts);
    } else {
        orders_param_text(params, NULL);
    }
}

orders_problem_t *orders_buyer_list(const orders_reader_t *reader, const orders_buyer_list_t *list,
                                    orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader);
    orders_param_int(&params, list->user_id);
    orders_param_int(&params, list->size);
    orders_param_int(&params, list->offset);
    if (list->shipments) {
        return orders_store_read(reader, &list_shipments, &params, answer);
    }
    add_languages(&params, list->languages);
    return orders_store_read(reader, &list_labels, &params, answer);
}

orders_problem_t *orders_buyer_read(const orders_reader_t *reader, const orders_buyer_read_t *read,
                                    orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader);
    orders_param_int(&params, read->user_id);
    if (read->order_id) {
        orders_param_int(&params, read->order_id);
    } else {
        orders_param_text(&params, read->public_id);
    }
    add_languages(&params, read->languages);
    return orders_store_read(reader, read->order_id ? &read_by_id : &read_by_public_id, &params,
                             answer);
}

orders_problem_t *orders_buyer_reorder(const orders_writer_t *writer, int64_t user_id,
                                       int64_t order_id, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, user_id);
    orders_param_int(&params, order_id);
    return orders_store_write(writer, &reorder, &params, answer);
}

orders_problem_t *orders_buyer_bill(const orders_reader_t *reader, int64_t user_id,
                                    int64_t order_id, const orders_invoice_t **bill)
{
    orders_params_t params;
    orders_answer_t *answer;
    reader_params(&params, reader);
    orders_param_int_or_null(&params, user_id != 0, user_id);
    orders_param_int(&params, order_id);
    ORDERS_TRY(orders_store_read(reader, &read_bill, &params, &answer));
    *bill = orders_first(answer->loose.invoices);
    return *bill ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}
