/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The list of the metrics. docs/monitoring.md describes each; t/checks/metrics.pl compares the names with the documentation, the alert
 * rules and the dashboard of conf/prometheus.
 */
#ifndef ORDERS_METRICS_FAMILIES_H
#define ORDERS_METRICS_FAMILIES_H

typedef enum {
    ORDERS_METRIC_COUNTER, /**< its samples end in _total */
    ORDERS_METRIC_GAUGE,
    ORDERS_METRIC_HISTOGRAM, /**< of seconds */
    ORDERS_METRIC_INFO       /**< its sample ends in _info */
} orders_metric_type_e;

/** X(id, type, name, help). The name is without _total and _info. A help text ends with a period and contains no backslash or newline. */
#define ORDERS_METRICS(X)                                                                          \
    X(REQUESTS, COUNTER, "orders_http_requests",                                                   \
      "Responses of the APIs, by route and class of the status.")                                  \
    X(REQUEST_DURATION, HISTOGRAM, "orders_http_request_duration_seconds",                         \
      "Time from the headers of a request to the start of its response.")                          \
    X(DATABASE_QUEUE, HISTOGRAM, "orders_database_queue_seconds",                                  \
      "Time of a request in the queue for a database session.")                                    \
    X(DATABASE_DURATION, HISTOGRAM, "orders_database_duration_seconds",                            \
      "Time of a request with a database session.")                                                \
    X(DATABASE_UP, GAUGE, "orders_database_up",                                                    \
      "1 while the database can be reached, 0 during an outage.")                                  \
    X(PROCESSES, GAUGE, "orders_processes",                                                        \
      "Processes that serve requests, including those that end gracefully.")                       \
    X(LIMITER_LIMIT, GAUGE, "orders_limiter_limit",                                                \
      "Database sessions that requests may use at a time, as configured.")                         \
    X(LIMITER_ALLOWED, GAUGE, "orders_limiter_allowed",                                            \
      "Database sessions that requests may use at a time; lower than the limit while the "         \
      "database accepts fewer connections.")                                                       \
    X(LIMITER_IN_USE, GAUGE, "orders_limiter_in_use", "Database sessions in use.")                 \
    X(LIMITER_WAITING, GAUGE, "orders_limiter_waiting",                                            \
      "Requests and jobs that wait for a database session.")                                       \
    X(LIMITER_REFUSED, COUNTER, "orders_limiter_refused",                                          \
      "Requests and jobs that got no database session, by reason.")                                \
    X(TOKEN_CACHE, COUNTER, "orders_token_cache_lookups",                                          \
      "Lookups of credentials in the token cache, by result.")                                     \
    X(PROVIDER_CALLS, COUNTER, "orders_provider_calls", "Calls of payment providers, by outcome.") \
    X(PROVIDER_CALL_DURATION, HISTOGRAM, "orders_provider_call_duration_seconds",                  \
      "Duration of the calls of payment providers.")                                               \
    X(MAILS, COUNTER, "orders_mails", "Attempts to send a mail, by outcome.")                      \
    X(MAIL_DURATION, HISTOGRAM, "orders_mail_duration_seconds",                                    \
      "Duration of the attempts to send a mail.")                                                  \
    X(WEBHOOK_ATTEMPTS, COUNTER, "orders_webhook_attempts",                                        \
      "Attempts to deliver a webhook, by outcome.")                                                \
    X(WEBHOOK_ATTEMPT_DURATION, HISTOGRAM, "orders_webhook_attempt_duration_seconds",              \
      "Duration of the attempts to deliver a webhook.")                                            \
    X(JOB_RUNS, COUNTER, "orders_job_runs", "Runs of a background job.")                           \
    X(JOB_ITEMS, COUNTER, "orders_job_items", "Items that a background job has processed.")        \
    X(JOB_FAILURES, COUNTER, "orders_job_failures",                                                \
      "Turns and items of a background job that failed.")                                          \
    X(JOB_LAST_RUN, GAUGE, "orders_job_last_run_timestamp_seconds",                                \
      "End of the last run of a background job.")                                                  \
    X(JOB_LAST_SUCCESS, GAUGE, "orders_job_last_success_timestamp_seconds",                        \
      "End of the last run of a background job that reached the database and had no failed item.") \
    X(JOB_BACKLOG, GAUGE, "orders_job_backlog",                                                    \
      "Work in the queue of a background job that is due, at most 1000 of each tenant.")           \
    X(JOB_LAG, GAUGE, "orders_job_lag_seconds",                                                    \
      "Age of the oldest work in the queue of a background job that is due.")                      \
    X(PROVIDER_EVENTS, GAUGE, "orders_provider_events_unresolved",                                 \
      "Events of payment providers that nobody has resolved, by verdict.")                         \
    X(PROVIDER_EVENT_AGE, GAUGE, "orders_provider_event_age_seconds",                              \
      "Age of the oldest of these events.")                                                        \
    X(DIFFERENCES, GAUGE, "orders_reconciliation_differences_open",                                \
      "Open differences of reconciliations.")                                                      \
    X(WEBHOOK_DELIVERIES, GAUGE, "orders_webhook_deliveries",                                      \
      "Pending and dead deliveries of a webhook endpoint, at most 1000 of each.")                  \
    X(WEBHOOK_DELIVERY_AGE, GAUGE, "orders_webhook_delivery_age_seconds",                          \
      "Age of the oldest pending delivery of a webhook endpoint.")                                 \
    X(WEBHOOK_FAILING, GAUGE, "orders_webhook_failing_seconds",                                    \
      "For how long all deliveries of a webhook endpoint have failed.")                            \
    X(WEBHOOK_ENDPOINTS, GAUGE, "orders_webhook_endpoints", "Webhook endpoints, by state.")        \
    X(HORIZON_AGE, GAUGE, "orders_event_horizon_age_seconds",                                      \
      "For how long a running transaction has held back events that follow it.")                   \
    X(RETENTION_AGE, GAUGE, "orders_retention_oldest_seconds",                                     \
      "Age of the oldest record that the worker deletes when it is old, by kind.")                 \
    X(RETENTION_LIMIT, GAUGE, "orders_retention_limit_seconds",                                    \
      "Age at which the worker deletes records, by kind.")                                         \
    X(SNAPSHOT_TIME, GAUGE, "orders_snapshot_timestamp_seconds",                                   \
      "When the values of the database were read: backlogs, events, differences, webhooks, "       \
      "horizon and retention.")                                                                    \
    X(BUILD, INFO, "orders_build",                                                                 \
      "Version of the module, and the versions of the schema that it accepts.")                    \
    X(SCHEMA_VERSION, GAUGE, "orders_schema_version",                                              \
      "Version of the schema of the database; 0: the schema has no version.")                      \
    X(START_TIME, GAUGE, "orders_metrics_start_timestamp_seconds",                                 \
      "When the counters began: the start of the parent process, or of another build of the "      \
      "module.")

#define X(id, type, name, help) ORDERS_METRIC_##id,
typedef enum { ORDERS_METRICS(X) ORDERS_METRIC__COUNT } orders_metric_e;
#undef X

#endif
