/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trouble.h"
#include "messages/mail.h"
#include "messages/pay_link_mail.h"
#include "store/pay_link.h"
#include "store/worker.h"
#include "worker/step.h"

/** Maximum number of mails per run and tenant. Mails are claimed one at a time, so a lease covers one mail. */
#define MAIL_BATCH 20
/** Seconds: the maximum timeout of OrdersMail, plus time for the statements before and after the transfer. */
#define MAIL_LEASE 120
/** Log subject of problems with the mail server. */
#define LOG_SUBJECT "mail"

/** NULL once the server has accepted the mail. The problem contains no mail address. */
static orders_problem_t *send_mail(const orders_job_run_t *run, const orders_mail_task_t *task)
{
    orders_mail_t mail;

    ORDERS_TRY(orders_pay_link_mail(&mail, task, &run->settings, run->reader.pool));
    return orders_mail_send(run->context->mailer, run->reader.pool, &mail,
                            run->context->is_stopping, run->context->data);
}

/** Whether the mail must not be sent again. */
static bool is_final(const orders_problem_t *problem)
{
    return problem->error == ORDERS_E_mail_refused;
}

orders_problem_t *orders_job_send_mails(const orders_job_run_t *run)
{
    const orders_log_t *log = run->context->log;
    apr_array_header_t *due;

    for (int i = 0; i < MAIL_BATCH && !orders_job_stopping(run); i++) {
        ORDERS_TRY(orders_worker_claim_mail(&run->reader, 1, MAIL_LEASE, &due));
        const orders_mail_task_t *task = orders_first(due);

        if (!task) {
            break;
        }
        orders_problem_t *problem = send_mail(run, task);

        if (problem) {
            orders_job_log_problem(log, problem, LOG_SUBJECT);
        } else {
            orders_trouble_passed(log, ORDERS_E_mail_unreachable, LOG_SUBJECT);
        }
        ORDERS_TRY(orders_worker_mark_mail(&run->reader, task->id, problem && is_final(problem),
                                           problem ? orders_error_word(problem->error) : NULL));
    }
    return NULL;
}
