/* SPDX-License-Identifier: Apache-2.0 */
/** The mail with a pay link. It is composed when it is sent, so the database stores no link. */
#ifndef ORDERS_MESSAGES_PAY_LINK_MAIL_H
#define ORDERS_MESSAGES_PAY_LINK_MAIL_H

#include "core/settings.h"
#include "messages/mail.h"
#include "store/views.h"

/** Sets the members of `mail`; texts are allocated from `pool`. `not_configured` as in orders_pay_link_url(). */
orders_problem_t *orders_pay_link_mail(orders_mail_t *mail, const orders_mail_task_t *task,
                                       const orders_settings_t *settings,
                                       apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
