/* SPDX-License-Identifier: Apache-2.0 */
#include "api/company/pages.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <string.h>

#include "api/company/company.h"
#include "core/digest.h"

/* The style sheet of all pages. Their Content-Security-Policy allows it by its hash. */
static const char style[] =
    "body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#f4f4f2}"
    "main{max-width:28rem;margin:3rem auto;padding:2rem;background:#fff;border-radius:.5rem}"
    "h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.5rem 0}"
    "dt{color:#555}dd{margin:0;text-align:right;overflow-wrap:anywhere}"
    "button{width:100%;padding:.75rem;font:inherit;font-weight:600;color:#fff;background:#0b5cad;"
    "border:0;border-radius:.375rem;cursor:pointer}"
    "button:focus-visible,a:focus-visible{outline:3px solid #f2a900;outline-offset:2px}"
    "a{color:#0b5cad}";

static const char *escape(apr_pool_t *pool, const char *text)
{
    return apr_pescape_entity(pool, text, 0);
}

static const char *policy(apr_pool_t *pool)
{
    unsigned char hash[ORDERS_SHA256_SIZE];
    if (!orders_sha256(hash, style, sizeof(style) - 1)) {
        return "default-src 'none'";
    }
    return apr_pstrcat(
        pool, "default-src 'none'; style-src 'sha256-", orders_base64url(pool, hash, sizeof(hash)),
        "='; form-action 'self' https: http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'",
        NULL);
}

/* A row of the list; "" without a value. */
static const char *fact(apr_pool_t *pool, const char *name, const char *value)
{
    return value
               ? apr_pstrcat(pool, "<dt>", name, "</dt><dd>", escape(pool, value), "</dd>\n", NULL)
               : "";
}

static const char *facts(apr_pool_t *pool, const orders_page_text_t *text)
{
    if (!text->seller && !text->order_number && !text->amount) {
        return "";
    }
    return apr_pstrcat(pool, "<dl>\n", fact(pool, "Seller", text->seller),
                       fact(pool, "Order", text->order_number), fact(pool, "Total", text->amount),
                       "</dl>\n", NULL);
}

static const char *form(apr_pool_t *pool, const orders_page_text_t *text)
{
    return text->button ? apr_pstrcat(pool, "<form method=\"post\"><button type=\"submit\">",
                                      escape(pool, text->button), "</button></form>\n", NULL)
                        : "";
}

static const char *link_to(apr_pool_t *pool, const orders_page_text_t *text)
{
    return text->link ? apr_pstrcat(pool, "<p><a href=\"", escape(pool, text->link), "\">",
                                    escape(pool, text->link_text), "</a></p>\n", NULL)
                      : "";
}

void orders_company_page(const orders_call_t *call, const orders_page_text_t *text,
                         orders_reply_t *reply)
{
    apr_pool_t *pool = call->pool;
    const char *title = escape(pool, text->title);
    const char *message =
        text->message ? apr_pstrcat(pool, "<p>", escape(pool, text->message), "</p>\n", NULL) : "";
    reply->status = text->status;
    reply->content_type = "text/html; charset=utf-8";
    reply->data =
        apr_pstrcat(pool,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"robots\" content=\"noindex\">\n<title>",
                    title, "</title>\n<style>", style, "</style>\n</head>\n<body>\n<main>\n<h1>",
                    title, "</h1>\n", message, facts(pool, text), form(pool, text),
                    link_to(pool, text), "</main>\n</body>\n</html>\n", NULL);
    reply->length = strlen(reply->data);
    apr_table_setn(reply->headers, "Content-Security-Policy", policy(pool));
    apr_table_setn(reply->headers, "X-Frame-Options", "DENY");
}

static bool is_page(const orders_call_t *call)
{
    const orders_company_refusals_t *refusals = call->route ? call->route->refusals : NULL;
    return refusals && refusals->page;
}

bool orders_company_page_problem(const orders_call_t *call, const orders_problem_t *problem,
                                 orders_reply_t *reply)
{
    orders_page_text_t text = {
        .status = orders_kind_status(orders_error_kind(problem->error)),
        .title = "Something went wrong",
        .message = "Please try again in a moment.",
    };
    if (!is_page(call)) {
        return false;
    }
    if (problem->error == ORDERS_E_not_found) {
        text.title = "Payment not found";
        text.message = "Please check that you copied the complete link.";
    } else if (problem->error == ORDERS_E_link_expired) {
        text.status = 410;
        text.title = "This link is no longer valid";
        text.message = "Please ask the seller for a new link.";
    }
    orders_company_page(call, &text, reply);
    return true;
}
