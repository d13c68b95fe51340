/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The jobs. A new job has an element here, its steps in a file of this directory, and its queries in store/worker.c. Steps that wait
 * for different servers must belong to different jobs, because a job has one thread.
 */
#include "store/worker.h"
#include "worker/job.h"
#include "worker/step.h"

/** Bills are issued within a second after the order, regardless of OrdersWorkerInterval. */
#define BILL_INTERVAL apr_time_from_msec(500)

static const orders_job_step_t upkeep[] = {orders_job_expire_orders, orders_job_review_events,
                                           orders_job_log_refused_events, orders_job_purge_records,
                                           NULL};
static const orders_job_step_t bills[] = {orders_job_issue_bills, NULL};
static const orders_job_step_t mails[] = {orders_job_send_mails, NULL};
static const orders_job_step_t payments[] = {orders_job_make_intents, orders_job_poll_captures,
                                             orders_job_send_refunds, NULL};

const orders_job_t orders_jobs[] = {
    {
        .name = "upkeep",
        .instances = ORDERS_JOB_ALWAYS,
        .tenants = orders_worker_list_tenants,
        .steps = upkeep,
    },
    {
        .name = "bills",
        .instances = ORDERS_JOB_ALWAYS,
        .interval = BILL_INTERVAL,
        .tenants = orders_worker_list_tenants_to_bill,
        .steps = bills,
    },
    {
        .name = "mails",
        .instances = ORDERS_JOB_WITH_MAILER,
        .tenants = orders_worker_list_tenants,
        .steps = mails,
    },
    {
        .name = "payments",
        .instances = ORDERS_JOB_PER_CHANNEL,
        .tenants = orders_worker_list_tenants,
        .steps = payments,
    },
};
const size_t orders_job_count = sizeof orders_jobs / sizeof *orders_jobs;
