/* SPDX-License-Identifier: Apache-2.0 */
/** HTML pages of the company API, without scripts: payment by a link, and the return from the provider. */
#ifndef ORDERS_API_COMPANY_PAGES_H
#define ORDERS_API_COMPANY_PAGES_H

#include "core/call.h"

/** The texts of a page. They are escaped; a part whose text is NULL is omitted. */
typedef struct orders_page_text_t {
    int status;
    const char *title;
    const char *message;
    const char *seller, *order_number, *amount;
    const char *button; /**< of a form that POSTs to the same address */
    const char *link, *link_text;
} orders_page_text_t;

/** Writes the page into the reply, with a Content-Security-Policy that allows no other resources. */
void orders_company_page(const orders_call_t *call, const orders_page_text_t *text,
                         orders_reply_t *reply);

/** Writes a problem as a page if the route responds with pages; else returns false. */
bool orders_company_page_problem(const orders_call_t *call, const orders_problem_t *problem,
                                 orders_reply_t *reply);

#endif
