/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/trouble.h"
#include "messages/mail.h"
#include "messages/pay_link_mail.h"
#include "metrics/metrics.h"
#include "store/pay_link.h"
#include "store/worker.h"
#include "worker/step.h"

/** Log subject of problems with the mail server. */
#define LOG_SUBJECT "mail"

/** NULL once the server has accepted the mail. The problem contains no mail address. */
static orders_problem_t *send_mail(const orders_job_run_t *run, const orders_mail_task_t *task)
{
    const orders_smtp_caller_t caller = {
        .stop = run->context->is_stopping, .context = run->context->data, .log = run->context->log};
    orders_mail_t mail;

    ORDERS_TRY(orders_pay_link_mail(&mail, task, &run->settings, run->reader.pool));
    return orders_mail_send(run->context->mailer, run->reader.pool, &mail, &caller);
}

/** Whether the mail must not be sent again. */
static bool is_final(const orders_problem_t *problem)
{
    return problem->error == ORDERS_E_mail_refused;
}

static void count_mail(const orders_problem_t *problem, apr_interval_time_t duration)
{
    orders_metrics_mail(!problem            ? ORDERS_MAIL_OUTCOME_SENT
                        : is_final(problem) ? ORDERS_MAIL_OUTCOME_REFUSED
                                            : ORDERS_MAIL_OUTCOME_FAILED,
                        duration);
}

orders_problem_t *orders_job_send_mail(const orders_job_run_t *run, int64_t *count)
{
    const orders_log_t *log = run->context->log;
    const int lease = orders_job_lease(run->job, run->context);
    apr_array_header_t *due;

    ORDERS_TRY(orders_worker_claim_mail(&run->reader, 1, lease, &due));
    const orders_mail_task_t *task = orders_first(due);

    if (!task) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    const apr_time_t from = orders_clock_now();
    orders_problem_t *problem = send_mail(run, task);

    count_mail(problem, orders_clock_now() - from);
    if (problem) {
        run->tally->failed++;
        orders_job_log_problem(log, problem, LOG_SUBJECT);
    } else {
        orders_trouble_passed(log, ORDERS_E_mail_unreachable, LOG_SUBJECT);
    }
    return orders_worker_mark_mail(&run->reader, task->id, problem && is_final(problem),
                                   problem ? orders_error_code(problem->error) : NULL);
}
