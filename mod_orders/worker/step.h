/* SPDX-License-Identifier: Apache-2.0 */
/** The turns of the jobs, and functions for all turns. */
#ifndef ORDERS_WORKER_STEP_H
#define ORDERS_WORKER_STEP_H

#include "worker/job.h"

/** The items of a run. */
typedef struct orders_job_tally_t {
    int64_t done, failed;
} orders_job_tally_t;

/** What a turn needs to know of its run. The run serves one tenant at a time. */
typedef struct orders_job_run_t {
    const orders_job_t *job;
    const orders_job_context_t *context;
    orders_settings_t settings; /**< of the tenant */
    orders_reader_t reader;     /**< its pool is cleared after each turn */
    int batch;                  /**< items of this turn, at most */
    orders_job_tally_t *tally;  /**< since the last orders_job_publish() */
    orders_job_state_t *state;
    apr_time_t from; /**< when the run began, on the monotonic clock */
} orders_job_run_t;

/** Whether the process is stopping. Turns check it between items. */
bool orders_job_stopping(const orders_job_run_t *run);

/** Adds the items of a long run to the report and the metrics, before it ends. */
void orders_job_publish(const orders_job_run_t *run);

/** Reports that an item was claimed, before its calls: another run may claim the next item at the same time. */
void orders_job_claimed(const orders_job_run_t *run);

/** Log subject of problems that all jobs share, such as an outage of the database: they have one line together. */
#define ORDERS_JOB_LOG_SUBJECT "worker"

/** Logs a problem, unless the problem is quiet. `subject`: as in orders_trouble_log(). */
void orders_job_log_problem(const orders_log_t *log, const orders_problem_t *problem,
                            const char *subject);

/**
 * Counts and logs the problem of one item and returns NULL, so that the next one is processed. Returns the problem if the database is
 * unreachable: the run must end.
 */
orders_problem_t *orders_job_skip_failed(const orders_job_run_t *run,
                                         orders_problem_t *problem) ORDERS_MUSTCHECK;

/* upkeep.c */
orders_problem_t *orders_job_expire_orders(const orders_job_run_t *run,
                                           int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_review_events(const orders_job_run_t *run,
                                           int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_refuse_stale_notices(const orders_job_run_t *run,
                                                  int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_log_refused_events(const orders_job_run_t *run,
                                                int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_idempotency(const orders_job_run_t *run,
                                               int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_mails(const orders_job_run_t *run,
                                         int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_provider_events(const orders_job_run_t *run,
                                                   int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_tokens(const orders_job_run_t *run,
                                          int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_carts(const orders_job_run_t *run,
                                         int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_webhooks(const orders_job_run_t *run,
                                            int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_issue_bills(const orders_job_run_t *run,
                                         int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_compare(const orders_job_run_t *run, int64_t *count) ORDERS_MUSTCHECK;

/* payments.c */
orders_problem_t *orders_job_make_intent(const orders_job_run_t *run,
                                         int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_poll_capture(const orders_job_run_t *run,
                                          int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_send_refund(const orders_job_run_t *run,
                                         int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_verify_notice(const orders_job_run_t *run,
                                           int64_t *count) ORDERS_MUSTCHECK;

/* metrics.c */
orders_problem_t *orders_job_all_tenants_at_once(const orders_reader_t *reader,
                                                 const orders_channel_t *channel,
                                                 apr_array_header_t **tenants) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_publish_metrics(const orders_job_run_t *run,
                                             int64_t *count) ORDERS_MUSTCHECK;

/* mails.c */
orders_problem_t *orders_job_send_mail(const orders_job_run_t *run,
                                       int64_t *count) ORDERS_MUSTCHECK;

/* webhooks.c */
orders_problem_t *orders_job_tenants_with_events(const orders_reader_t *reader,
                                                 const orders_channel_t *channel,
                                                 apr_array_header_t **tenants) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_fan_out_events(const orders_job_run_t *run,
                                            int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_deliver_webhooks(const orders_job_run_t *run) ORDERS_MUSTCHECK;

/* exports.c and export_purge.c */
orders_problem_t *orders_job_write_exports(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_exports(const orders_job_run_t *run) ORDERS_MUSTCHECK;

/* reconciliations.c */
orders_problem_t *orders_job_tenants_to_reconcile(const orders_reader_t *reader,
                                                  const orders_channel_t *channel,
                                                  apr_array_header_t **tenants) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_plan_reconciliation(const orders_job_run_t *run,
                                                 int64_t *count) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_read_transactions(const orders_job_run_t *run,
                                               int64_t *count) ORDERS_MUSTCHECK;

#endif
