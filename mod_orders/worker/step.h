/* SPDX-License-Identifier: Apache-2.0 */
/** The steps of the jobs, and functions for all steps. */
#ifndef ORDERS_WORKER_STEP_H
#define ORDERS_WORKER_STEP_H

#include "worker/job.h"

/** A run of a job for one tenant. */
typedef struct orders_job_run_t {
    const orders_job_context_t *context;
    orders_settings_t settings; /**< of the tenant */
    orders_reader_t reader;     /**< its pool is cleared after each tenant */
    bool purge;                 /**< whether a purge of old records is due */
} orders_job_run_t;

/** Whether the process is stopping. Steps check it between items. */
bool orders_job_stopping(const orders_job_run_t *run);

/** Logs a problem of the worker, unless it is quiet. `subject`: as in orders_trouble_log(). */
void orders_job_log_problem(const orders_log_t *log, const orders_problem_t *problem,
                            const char *subject);

/**
 * Logs the problem of an item or step and returns NULL, so that the next one is processed. Returns the problem if the database is
 * unreachable: the run must end.
 */
orders_problem_t *orders_job_skip_failed(const orders_job_run_t *run,
                                         orders_problem_t *problem) ORDERS_MUSTCHECK;

/* upkeep.c */
orders_problem_t *orders_job_expire_orders(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_review_events(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_log_refused_events(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_purge_records(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_issue_bills(const orders_job_run_t *run) ORDERS_MUSTCHECK;

/* payments.c */
orders_problem_t *orders_job_make_intents(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_poll_captures(const orders_job_run_t *run) ORDERS_MUSTCHECK;
orders_problem_t *orders_job_send_refunds(const orders_job_run_t *run) ORDERS_MUSTCHECK;

/* mails.c */
orders_problem_t *orders_job_send_mails(const orders_job_run_t *run) ORDERS_MUSTCHECK;

#endif
