/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: reading a company's orders and invoices. */
#include "api/common/invoice_reply.h"
#include "api/company/company.h"
#include "core/number.h"
#include "store/invoice.h"
#include "store/sale.h"

#define MOST_ENTRIES 500

/* `page` and `limit` are ours and optional; what they cannot be counts as not there. */
static int64_t number_or(const orders_input_t *input, const char *name, int64_t most,
                         int64_t otherwise, apr_pool_t *pool)
{
    int64_t number;
    const char *text = orders_company_text(input, name, pool);
    return text && orders_number(text, 1, most, &number) == ORDERS_NUMBER_OK ? number : otherwise;
}

orders_problem_t *orders_company_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    apr_array_header_t *orders;
    ORDERS_TRY(orders_company_read(call, &input));
    ORDERS_TRY(orders_company_identify(call, input));
    int64_t limit = number_or(input, "limit", MOST_ENTRIES, MOST_ENTRIES, call->pool);
    int64_t page = number_or(input, "page", 1000000, 1, call->pool);
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_list(&reader, call->identity->user_id, (int)limit, (page - 1) * limit,
                                &orders));
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
    ORDERS_TRY(orders_company_read(call, &input));
    const char *number = orders_company_text(input, "order_number", call->pool);
    if (!number) {
        return orders_company_lack(NULL, call, "order_number");
    }
    ORDERS_TRY(orders_company_identify(call, input));
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(orders_sale_read(&reader, call->identity->user_id, number, &order));
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
