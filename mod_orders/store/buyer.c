/* SPDX-License-Identifier: Apache-2.0 */
#include "store/buyer.h"

#include "store/columns.h"

#define OWN " FROM orders_v1.order_view AS o WHERE o.tenant_id = $1 AND o.buyer_id = $2"
#define NEWEST " ORDER BY o.created_at DESC, o.id DESC"

/*
 * $3 orders from offset $4 on, and the total count (store/order_list.c explains the shape). The columns of `once` belong to the page `p`,
 * and are in the row of the first order only.
 */
#define LIST(columns, once)                                                                        \
    "SELECT p.total_count, " columns " FROM (SELECT count(*) AS total_count" once OWN              \
    ") AS p LEFT JOIN LATERAL (SELECT o.created_at, o.id" OWN NEWEST                               \
    " LIMIT 1 OFFSET $4) AS s ON true LEFT JOIN LATERAL (SELECT o.*" OWN                           \
    " AND (o.created_at, o.id) <= (s.created_at, s.id)" NEWEST " LIMIT $3) AS v ON true"

#define SHOWN ORDERS_STATE_COLUMNS ", v.payment_method, v.payment_channel, v.total"
#define SHOP SHOWN ", v.public_id, v.currency, v.created_at, v.updated_at"
#define CUSTOMER SHOWN ", v.bill_no, v.exponent"
#define PRICES ", v.subtotal, v.discount, v.tax, v.shipping, v.tax_inclusive"

static const orders_statement_t lists[] = {
    [ORDERS_BUYER_SHOP] =
        {
            .name = "orders_buyer_list_shop",
            .text =
                LIST(SHOP ", v.lines,"
                          " CASE WHEN v.id IS NOT DISTINCT FROM s.id THEN p.labels END AS labels",
                     ", orders_v1.labels_of($1, $5::text[]) AS labels"),
            .param_count = 5,
        },
    [ORDERS_BUYER_CUSTOMER] =
        {
            .name = "orders_buyer_list_customer",
            .text = LIST(CUSTOMER ", v.created_at, v.lines, v.shipment", ""),
            .param_count = 4,
        },
};

#define READ(columns, which)                                                                       \
    "SELECT " columns " FROM orders_v1.order_view AS v"                                            \
    " WHERE v.tenant_id = $1 AND v.buyer_id = $2 AND " which
#define BY_ID "v.id = $3"
#define BY_PUBLIC_ID "v.public_id = $3::uuid"
#define LABELS ", orders_v1.labels_of($1, $4::text[]) AS labels"

static const orders_statement_t reads[] = {
    [ORDERS_BUYER_SHOP] =
        {
            .name = "orders_buyer_read_shop",
            .text =
                READ(SHOP PRICES ", v.notes, v.paid_at, v.pay_url, v.lines, v.payments, v.buyer,"
                                 " v.addresses, v.history, v.shipment" LABELS,
                     BY_PUBLIC_ID),
            .param_count = 4,
        },
    [ORDERS_BUYER_SHOP_SHIPMENT] =
        {
            .name = "orders_buyer_read_shipment",
            .text = READ(ORDERS_STATE_COLUMNS ", v.public_id, v.shipment, v.tracking" LABELS,
                         BY_PUBLIC_ID),
            .param_count = 4,
        },
    [ORDERS_BUYER_CUSTOMER] =
        {
            .name = "orders_buyer_read_tracking",
            .text = READ(CUSTOMER ", v.history, v.shipment", BY_ID),
            .param_count = 3,
        },
    [ORDERS_BUYER_CUSTOMER_SUMMARY] =
        {
            .name = "orders_buyer_read_summary",
            .text = READ(CUSTOMER PRICES ", v.lines, v.taxes", BY_ID),
            .param_count = 3,
        },
};

static const orders_statement_t reorder = {
    .name = "orders_reorder",
    .text = "SELECT * FROM orders_v1.reorder(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t read_bill = {
    .name = "orders_read_bill",
    .text = "SELECT i.id, i.number, i.document FROM orders_v1.read_bill($1, $2, $3) AS i",
    .param_count = 3,
};

orders_problem_t *orders_buyer_list(const orders_reader_t *reader, const orders_buyer_list_t *list,
                                    orders_order_list_t **page)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, list->user_id);
    orders_param_int(&params, list->size);
    orders_param_int(&params, list->offset);
    if (list->view == ORDERS_BUYER_SHOP) {
        orders_param_texts(&params, list->languages);
    }
    return orders_store_read_list(reader, &lists[list->view], &params, page);
}

orders_problem_t *orders_buyer_read(const orders_reader_t *reader, const orders_buyer_read_t *read,
                                    orders_order_t **order, apr_array_header_t **labels)
{
    orders_params_t params;
    orders_order_list_t *found;
    orders_reader_params(&params, reader);
    orders_param_int(&params, read->user_id);
    if (read->view == ORDERS_BUYER_SHOP || read->view == ORDERS_BUYER_SHOP_SHIPMENT) {
        orders_param_text(&params, read->public_id);
        orders_param_texts(&params, read->languages);
    } else {
        orders_param_int(&params, read->order_id);
    }
    ORDERS_TRY(orders_store_read_list(reader, &reads[read->view], &params, &found));
    *order = orders_first(found->orders);
    *labels = found->labels;
    return *order ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_buyer_reorder(const orders_writer_t *writer, int64_t user_id,
                                       int64_t order_id, orders_stored_t **stored)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_int(&params, user_id);
    orders_param_int(&params, order_id);
    ORDERS_TRY(orders_store_write_rows(writer, &reorder, &params, &orders_stored_type, &rows));
    *stored = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_buyer_bill(const orders_reader_t *reader, int64_t user_id,
                                    int64_t order_id, const orders_invoice_t **bill)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_int_or_null(&params, user_id != 0, user_id);
    orders_param_int(&params, order_id);
    ORDERS_TRY(orders_store_read(reader, &read_bill, &params, &orders_invoice_type, &rows));
    *bill = orders_first(rows);
    return *bill ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}
