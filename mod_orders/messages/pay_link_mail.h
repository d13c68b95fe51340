/* SPDX-License-Identifier: Apache-2.0 */
/** What mails say. Composed when they are sent: nothing in a queued mail is a secret. */
#ifndef ORDERS_MESSAGES_PAY_LINK_MAIL_H
#define ORDERS_MESSAGES_PAY_LINK_MAIL_H

#include "core/settings.h"
#include "messages/mail.h"
#include "store/views.h"

/**
 * The mail that is due, with its texts from `pool`. `link_expired` when the time of its order is over: it must not be sent
 * any more. `not_configured` as orders_pay_link_url.
 */
orders_problem_t *orders_mail_text(orders_mail_t *mail, const orders_mail_task_t *due,
                                   const orders_settings_t *settings,
                                   apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
