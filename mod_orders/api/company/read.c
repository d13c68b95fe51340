/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: reading a company's orders and invoices. */
#include "api/common/invoice_reply.h"
#include "api/company/company.h"
#include "store/invoice.h"
#include "store/sale.h"

orders_problem_t *orders_company_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    apr_array_header_t *orders;
    orders_company_body_t body = {.page = 1, .limit = ORDERS_COMPANY_MAX_ENTRIES};
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_fields(call, input, &body));
    ORDERS_TRY(orders_company_identify(call, input));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_list(&reader, call->identity->user_id, (int)body.limit,
                                (body.page - 1) * body.limit, &orders));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "orders");
    orders_json_begin_array(reply->json);
    for (int i = 0; i < orders->nelts; i++) {
        orders_company_write_entry(reply->json, &APR_ARRAY_IDX(orders, i, orders_order_t));
    }
    orders_json_end_array(reply->json);
    orders_json_end_object(reply->json);
    return NULL;
}

orders_problem_t *orders_company_detail(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_order_t *order;
    orders_company_body_t body = {NULL};
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_fields(call, input, &body));
    ORDERS_TRY(orders_company_identify(call, input));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_read(&reader, call->identity->user_id, body.order_number, &order));
    reply->json = orders_json_open(call->pool);
    orders_company_write_detail(reply->json, order, call);
    return NULL;
}

static orders_problem_t *read_invoice(const orders_invoice_t **invoice, const orders_call_t *call,
                                      void *baton)
{
    orders_reader_t reader = orders_call_reader(call);
    return orders_invoice_find_own(&reader, call->identity->user_id, call->param[0], call->param[1],
                                   invoice);
}

orders_problem_t *orders_company_invoice(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_identify(call, input));
    return orders_invoice_reply(call, read_invoice, NULL, reply);
}
