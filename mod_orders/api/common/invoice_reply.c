/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/invoice_reply.h"

#include <apr_strings.h>
#include <string.h>

#include "core/etag.h"
#include "documents/pdf_cache.h"

#define TAG_BYTES 16

/** The baton of the callbacks of the PDF cache. */
typedef struct render_context_t {
    const orders_call_t *call;
    const orders_invoice_t *invoice;
} render_context_t;

static bool is_client_gone(void *data)
{
    const render_context_t *baton = data;

    return baton->call->client_gone(baton->call);
}

static orders_problem_t *render(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                const orders_invoice_watch_t *watch, void *data)
{
    const orders_document_t *document = &((const render_context_t *)data)->invoice->document;

    return orders_invoice_pdf(pdf, pool, document->text, (apr_size_t)document->length, watch);
}

/** All APIs have the same PDF of an invoice: it depends on the tenant, the renderer and the snapshot only. */
static orders_problem_t *set_key(unsigned char key[ORDERS_SHA256_SIZE],
                                 const orders_invoice_t *invoice, const orders_call_t *call)
{
    const char *head =
        apr_psprintf(call->pool, "%d/%d/", ORDERS_INVOICE_RENDERER, (int)call->settings->tenant);
    const apr_size_t head_length = strlen(head);
    const apr_size_t length = (apr_size_t)invoice->document.length;
    unsigned char both[2 * ORDERS_SHA256_SIZE];

    return orders_sha256(both, head, head_length) &&
                   orders_sha256(both + ORDERS_SHA256_SIZE, invoice->document.text, length) &&
                   orders_sha256(key, both, sizeof(both))
               ? NULL
               : orders_problem_logged(call->pool, ORDERS_E_internal_error, "no SHA-256");
}

/** A weak tag: another version of a font or library may produce different bytes for the same document. */
static const char *tag_of(const unsigned char *key, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "W/\"", orders_base64url(pool, key, TAG_BYTES), "\"", NULL);
}

static bool is_known(const orders_call_t *call, const char *tag)
{
    return orders_etag_none_match(call->header(call, "If-None-Match"), tag);
}

static orders_problem_t *write_reply(const orders_call_t *call, const orders_invoice_t *invoice,
                                     orders_reply_t *reply)
{
    render_context_t baton = {.call = call, .invoice = invoice};
    orders_pdf_request_t request = {.gone = is_client_gone, .render = render, .baton = &baton};
    orders_invoice_pdf_t pdf = {.data = NULL};

    ORDERS_TRY(set_key(request.key, invoice, call));
    reply->etag = tag_of(request.key, call->pool);
    reply->content_type = "application/pdf";
    apr_table_setn(
        reply->headers, "Content-Disposition",
        apr_pstrcat(call->pool, "attachment; filename=\"", invoice->number, ".pdf\"", NULL));
    if (is_known(call, reply->etag)) {
        return NULL; /* the response is 304 */
    }
    if (call->head) {
        reply->length_unknown = !orders_pdf_cache_find(&pdf, request.key, call->pool);
    } else {
        ORDERS_TRY(orders_pdf_cache_get(&pdf, &request, call->pool));
    }
    reply->data = pdf.data;
    reply->length = pdf.length;
    return NULL;
}

orders_problem_t *orders_invoice_reply(const orders_call_t *call, orders_invoice_source_t source,
                                       void *baton, orders_reply_t *reply)
{
    const orders_invoice_t *invoice = NULL;
    orders_problem_t *problem;

    ORDERS_TRY(orders_pdf_cache_enter(call->pool));
    problem = source(&invoice, call, baton);
    if (!problem) {
        problem = invoice ? write_reply(call, invoice, reply)
                          : orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    orders_pdf_cache_leave();
    return problem;
}
