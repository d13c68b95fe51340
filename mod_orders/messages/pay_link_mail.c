/* SPDX-License-Identifier: Apache-2.0 */
#include "messages/pay_link_mail.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "core/money.h"
#include "payments/pay_link.h"

static const char *escape(apr_pool_t *pool, const char *text)
{
    return apr_pescape_entity(pool, text, 0);
}

static const char *html_of(apr_pool_t *pool, const orders_mail_task_t *due, const char *amount,
                           const char *url)
{
    return apr_pstrcat(
        pool, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>",
        escape(pool, due->order_number), "</title></head>\n<body>\n<p>Hello,</p>\n<p>",
        escape(pool, due->seller), " asks you to pay order ", escape(pool, due->order_number),
        ": <strong>", escape(pool, amount), "</strong>.</p>\n<p><a href=\"", escape(pool, url),
        "\">Pay with PayPal</a></p>\n<p>If you do not know what this is about, you need not do "
        "anything.</p>\n</body>\n</html>\n",
        NULL);
}

static const char *text_of(apr_pool_t *pool, const orders_mail_task_t *due, const char *amount,
                           const char *url)
{
    return apr_pstrcat(pool, "Hello,\n\n", due->seller, " asks you to pay order ",
                       due->order_number, ": ", amount, ".\n\nPay with PayPal:\n", url,
                       "\n\nIf you do not know what this is about, you need not do anything.\n",
                       NULL);
}

orders_problem_t *orders_pay_link_mail(orders_mail_t *mail, const orders_mail_task_t *due,
                                       const orders_settings_t *settings, apr_pool_t *pool)
{
    const orders_pay_link_t link = {due->order_id, due->order_expires_at};
    const char *url;
    const char *amount = orders_money_text(pool, due->total, (int)due->exponent, due->currency);
    ORDERS_TRY(orders_pay_link_url(&url, &link, settings, pool));
    *mail = (orders_mail_t){
        .id = apr_psprintf(pool, "orders.%d.%s", (int)settings->tenant, due->message_key),
        .to = due->recipient,
        .subject = apr_pstrcat(pool, due->seller, ": pay order ", due->order_number, NULL),
        .text = text_of(pool, due, amount, url),
        .html = html_of(pool, due, amount, url),
        .date = apr_time_now(),
    };
    return NULL;
}
