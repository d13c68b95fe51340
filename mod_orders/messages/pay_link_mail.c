/* SPDX-License-Identifier: Apache-2.0 */
#include "messages/pay_link_mail.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "core/money.h"
#include "payments/pay_link.h"

static const char *escape_html(apr_pool_t *pool, const char *text)
{
    return apr_pescape_entity(pool, text, 0);
}

static const char *make_html(apr_pool_t *pool, const orders_mail_task_t *task, const char *amount,
                             const char *url)
{
    return apr_pstrcat(
        pool, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>",
        escape_html(pool, task->order_number), "</title></head>\n<body>\n<p>Hello,</p>\n<p>",
        escape_html(pool, task->seller), " asks you to pay order ",
        escape_html(pool, task->order_number), ": <strong>", escape_html(pool, amount),
        "</strong>.</p>\n<p><a href=\"", escape_html(pool, url),
        "\">Pay with PayPal</a></p>\n<p>If you did not expect this message, you can ignore "
        "it.</p>\n</body>\n</html>\n",
        NULL);
}

static const char *make_text(apr_pool_t *pool, const orders_mail_task_t *task, const char *amount,
                             const char *url)
{
    return apr_pstrcat(pool, "Hello,\n\n", task->seller, " asks you to pay order ",
                       task->order_number, ": ", amount, ".\n\nPay with PayPal:\n", url,
                       "\n\nIf you did not expect this message, you can ignore it.\n", NULL);
}

orders_problem_t *orders_pay_link_mail(orders_mail_t *mail, const orders_mail_task_t *task,
                                       const orders_settings_t *settings, apr_pool_t *pool)
{
    const orders_pay_link_t link = {task->order_id, task->order_expires_at};
    const char *url;
    const char *amount = orders_money_text(pool, task->total, (int)task->exponent, task->currency);
    ORDERS_TRY(orders_pay_link_url(&url, &link, settings, pool));
    *mail = (orders_mail_t){
        .id = apr_psprintf(pool, "orders.%d.%s", (int)settings->tenant, task->message_key),
        .to = task->recipient,
        .subject = apr_pstrcat(pool, task->seller, ": pay order ", task->order_number, NULL),
        .text = make_text(pool, task, amount, url),
        .html = make_html(pool, task, amount, url),
        .date = apr_time_now(),
    };
    return NULL;
}
