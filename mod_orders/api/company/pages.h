/* SPDX-License-Identifier: Apache-2.0 */
/** The company API's pages for people: paying by a link, coming back from the provider. Plain HTML, no script. */
#ifndef ORDERS_API_COMPANY_PAGES_H
#define ORDERS_API_COMPANY_PAGES_H

#include "core/call.h"

/** What a page says. Texts are escaped; NULL leaves a part out. */
typedef struct orders_page_text_t {
    int status;
    const char *title;
    const char *message;
    const char *seller, *order_number, *amount;
    const char *button; /**< of a form that POSTs to the same address */
    const char *link, *link_text;
} orders_page_text_t;

/** Writes the page into the reply, with a policy that lets nothing else be loaded. */
void orders_company_page(const orders_call_t *call, const orders_page_text_t *text,
                         orders_reply_t *reply);

/** A problem of a route that is a page, as a page; false for all other routes. */
bool orders_company_page_problem(const orders_call_t *call, const orders_problem_t *problem,
                                 orders_reply_t *reply);

#endif
