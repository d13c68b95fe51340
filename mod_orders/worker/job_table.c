/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The jobs. To add one: a row here, its turn in a file of this directory, its statements in store/worker.c, a row in docs/operations.md
 * and a measurement in t/faults/job_delays.t.
 */
#include "store/worker.h"
#include "worker/job.h"
#include "worker/step.h"

/** Bills are issued within a second after the order, regardless of OrdersWorkerInterval. */
#define BILL_INTERVAL apr_time_from_msec(500)
/** Events reach webhooks within about a second. */
#define WEBHOOK_INTERVAL apr_time_from_msec(500)
/** Idempotency records expire at the rate of requests, other records more slowly. */
#define PURGE_INTERVAL apr_time_from_sec(10)
#define RETENTION_INTERVAL apr_time_from_sec(60)
#define RETENTION_BATCH 5000
/** The usual interval at which Prometheus reads metrics. */
#define METRICS_INTERVAL apr_time_from_sec(15)
/** A reconciliation is due once a day. The short interval repeats a run that got no database session. */
#define PLAN_INTERVAL apr_time_from_sec(10)

/** Concurrent items of the mail server, and of one job of one channel. */
#define MAILS 4
#define PAYMENTS 8

const orders_job_t orders_jobs[] = {
    {
        .name = "expiry",
        .kind = "expiry",
        .batch = 100,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_expire_orders,
    },
    {
        .name = "bills",
        .interval = BILL_INTERVAL,
        .kind = "bill",
        .batch = 500,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_issue_bills,
    },
    {
        .name = "event_reviews",
        .batch = 100,
        .parallel = 1,
        .statements = 101,
        .once = true,
        .turn = orders_job_review_events,
    },
    {
        .name = "stale_notices",
        .batch = 100,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_refuse_stale_notices,
    },
    {
        .name = "refused_events",
        .batch = 100,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_log_refused_events,
    },
    {
        .name = "purge_idempotency",
        .interval = PURGE_INTERVAL,
        .batch = 10000,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_idempotency,
    },
    {
        .name = "purge_mails",
        .interval = RETENTION_INTERVAL,
        .batch = RETENTION_BATCH,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_mails,
    },
    {
        .name = "purge_provider_events",
        .interval = RETENTION_INTERVAL,
        .batch = RETENTION_BATCH,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_provider_events,
    },
    {
        .name = "purge_tokens",
        .interval = RETENTION_INTERVAL,
        .batch = RETENTION_BATCH,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_tokens,
    },
    {
        .name = "purge_carts",
        .interval = RETENTION_INTERVAL,
        .batch = RETENTION_BATCH,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_carts,
    },
    {
        .name = "metrics",
        .interval = METRICS_INTERVAL,
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .once = true,
        .tenants = orders_job_all_tenants_at_once,
        .turn = orders_job_publish_metrics,
    },
    {
        .name = "purge_webhooks",
        .interval = RETENTION_INTERVAL,
        .batch = RETENTION_BATCH,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_purge_webhooks,
    },
    {
        .name = "webhook_events",
        .interval = WEBHOOK_INTERVAL,
        .batch = 1000,
        .parallel = 1,
        .statements = 1,
        .tenants = orders_job_tenants_with_events,
        .turn = orders_job_fan_out_events,
    },
    {
        .name = "webhook_deliveries",
        .interval = WEBHOOK_INTERVAL,
        .kind = "webhook",
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .run = orders_job_deliver_webhooks,
    },
    {
        .name = "exports",
        .exports = true,
        .kind = "export",
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .run = orders_job_write_exports,
    },
    {
        .name = "purge_exports",
        .exports = true,
        .interval = RETENTION_INTERVAL,
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .run = orders_job_purge_exports,
    },
    {
        .name = "comparisons",
        .kind = "reconciliation",
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .turn = orders_job_compare,
    },
    {
        .name = "mails",
        .needs = ORDERS_JOB_NEEDS_MAIL_SERVER,
        .kind = "mail",
        .batch = 1,
        .parallel = MAILS,
        .statements = 2,
        .turn = orders_job_send_mail,
    },
    {
        .name = "intents",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .kind = "intent",
        .batch = 1,
        .parallel = PAYMENTS,
        .statements = 2,
        .turn = orders_job_make_intent,
    },
    {
        .name = "captures",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .kind = "capture",
        .batch = 1,
        .parallel = PAYMENTS,
        .statements = 2,
        .turn = orders_job_poll_capture,
    },
    {
        .name = "refunds",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .kind = "refund",
        .batch = 1,
        .parallel = PAYMENTS,
        .statements = 2,
        .turn = orders_job_send_refund,
    },
    {
        .name = "notices",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .kind = "provider_notice",
        .batch = 1,
        .parallel = PAYMENTS,
        .statements = 5,
        .turn = orders_job_verify_notice,
    },
    {
        .name = "reconciliation_plans",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .lists = true,
        .interval = PLAN_INTERVAL,
        .batch = 1,
        .parallel = 1,
        .statements = 1,
        .once = true,
        .tenants = orders_job_tenants_to_reconcile,
        .turn = orders_job_plan_reconciliation,
    },
    {
        .name = "reconciliations",
        .needs = ORDERS_JOB_NEEDS_CHANNEL,
        .lists = true,
        .kind = "reconciliation",
        .batch = 1,
        .parallel = 1,
        .statements = 3,
        .turn = orders_job_read_transactions,
    },
};
const size_t orders_job_count = sizeof orders_jobs / sizeof *orders_jobs;
