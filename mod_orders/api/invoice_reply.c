/* SPDX-License-Identifier: Apache-2.0 */
#include "api/invoice_reply.h"

#include <apr_strings.h>

#include "services/invoice.h"

orders_problem_t *orders_invoice_reply(const orders_call_t *call, const orders_invoice_t *invoice,
                                       orders_reply_t *reply)
{
    ORDERS_TRY(orders_invoice_pdf(&reply->data, &reply->length, call->pool, invoice->document.text,
                                  (apr_size_t)invoice->document.length));
    reply->content_type = "application/pdf";
    apr_table_setn(
        reply->headers, "Content-Disposition",
        apr_pstrcat(call->pool, "attachment; filename=\"", invoice->number, ".pdf\"", NULL));
    return NULL;
}
