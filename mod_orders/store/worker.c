/* SPDX-License-Identifier: Apache-2.0 */
#include "store/worker.h"

#include <apr_strings.h>

static const orders_statement_t list_tenants = {
    .name = "orders_tenants",
    .text = "SELECT * FROM orders_v1.tenants()",
    .param_count = 0,
};
static const orders_statement_t list_tenants_with_due = {
    .name = "orders_tenants_with_due",
    .text = "SELECT * FROM orders_v1.tenants_with_due($1, $2)",
    .param_count = 2,
};
static const orders_statement_t list_tenants_to_reconcile = {
    .name = "orders_tenants_to_reconcile",
    .text = "SELECT * FROM orders_v1.tenants_to_reconcile($1, $2)",
    .param_count = 2,
};
static const orders_statement_t issue_bills = {
    .name = "orders_issue_bills",
    .text = "SELECT orders_v1.issue_bills($1, $2)",
    .param_count = 2,
};
static const orders_statement_t expire = {
    .name = "orders_expire_due",
    .text = "SELECT orders_v1.expire_due($1, $2)",
    .param_count = 2,
};
static const orders_statement_t purge = {
    .name = "orders_purge_idempotency",
    .text = "SELECT orders_v1.purge_idempotency($1, make_interval(secs => $2::integer))",
    .param_count = 2,
};
static const orders_statement_t purges[] = {
    [ORDERS_RETENTION_MAILS] =
        {
            .name = "orders_purge_mails",
            .text = "SELECT orders_v1.purge_mails($1, make_interval(days => $2::integer), $3)",
            .param_count = 3,
        },
    [ORDERS_RETENTION_PROVIDER_EVENTS] =
        {
            .name = "orders_purge_provider_events",
            .text = "SELECT orders_v1.purge_provider_events($1, make_interval(days => "
                    "$2::integer), $3)",
            .param_count = 3,
        },
    [ORDERS_RETENTION_TOKENS] =
        {
            .name = "orders_purge_tokens",
            .text = "SELECT orders_v1.purge_tokens($1, make_interval(days => $2::integer), $3)",
            .param_count = 3,
        },
    [ORDERS_RETENTION_CARTS] =
        {
            .name = "orders_purge_carts",
            .text = "SELECT orders_v1.purge_carts($1, make_interval(days => $2::integer), $3)",
            .param_count = 3,
        },
    [ORDERS_RETENTION_WEBHOOKS] =
        {
            .name = "orders_purge_webhooks",
            .text = "SELECT orders_v1.purge_webhooks($1, make_interval(days => $2::integer), $3)",
            .param_count = 3,
        },
};
static const orders_statement_t compare_reconciliations = {
    .name = "orders_compare_reconciliations",
    .text = "SELECT orders_v1.compare_reconciliations($1)",
    .param_count = 1,
};
static const orders_statement_t due_events = {
    .name = "orders_due_provider_events",
    .text = "SELECT * FROM orders_v1.due_provider_events($1, $2)",
    .param_count = 2,
};
static const orders_statement_t review_event = {
    .name = "orders_review_provider_event",
    .text = "SELECT orders_v1.review_provider_event($1, $2)",
    .param_count = 2,
};
static const orders_statement_t refused_events = {
    .name = "orders_refused_provider_events",
    .text = "SELECT channel, event_id, type, payment, intent_id, transaction_id, amount, currency,"
            " refusal"
            " FROM orders_v1.refused_provider_events($1, $2)",
    .param_count = 2,
};
static const orders_statement_t claim_intents = {
    .name = "orders_due_intents",
    .text = "SELECT * FROM orders_v1.claim_intents($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t claim_refunds = {
    .name = "orders_due_refunds",
    .text = "SELECT * FROM orders_v1.claim_refunds($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t claim_captures = {
    .name = "orders_due_captures",
    .text = "SELECT * FROM orders_v1.claim_captures($1, $2, $3, $4)",
    .param_count = 4,
};

static const orders_statement_t claim_notices = {
    .name = "orders_claim_notices",
    .text = "SELECT id, raw_type, resource_kind, resource_id"
            " FROM orders_v1.claim_notices($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t refuse_stale_notices = {
    .name = "orders_refuse_stale_notices",
    .text = "SELECT orders_v1.refuse_stale_notices($1, $2)",
    .param_count = 2,
};
static const orders_statement_t claim_mail = {
    .name = "orders_claim_mail",
    .text = "SELECT * FROM orders_v1.claim_mail($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t mark_mail = {
    .name = "orders_mark_mail",
    .text = "SELECT orders_v1.mark_mail($1, $2, $3, $4, $5)",
    .param_count = 5,
};

static const orders_statement_t plan_reconciliations = {
    .name = "orders_plan_reconciliations",
    .text = "SELECT orders_v1.plan_reconciliations($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t claim_reconciliations = {
    .name = "orders_due_reconciliations",
    .text = "SELECT * FROM orders_v1.claim_reconciliations($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t record_reconciliation_page = {
    .name = "orders_record_reconciliation_page",
    .text = "SELECT orders_v1.record_reconciliation_page($1, $2, $3, $4, $5)",
    .param_count = 5,
};
static const orders_statement_t fail_reconciliation = {
    .name = "orders_fail_reconciliation",
    .text = "SELECT orders_v1.fail_reconciliation($1, $2, $3, $4, $5)",
    .param_count = 5,
};

/* Sets the parameters: the tenant and `count` numbers. */
static void number_params(orders_params_t *params, const orders_reader_t *reader,
                          const int *numbers, int count)
{
    orders_reader_params(params, reader);
    for (int i = 0; i < count; i++) {
        orders_param_int(params, numbers[i]);
    }
}

static orders_problem_t *execute(const orders_reader_t *reader, const orders_statement_t *statement,
                                 const orders_params_t *params, PGresult **result)
{
    return orders_database_execute(reader->database, reader->pool, statement, params,
                                   ORDERS_WRITE_KEYED, result);
}

static orders_problem_t *execute_counted(const orders_reader_t *reader,
                                         const orders_statement_t *statement, int number,
                                         int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, &number, 1);
    ORDERS_TRY(execute(reader, statement, &params, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

static orders_problem_t *read_tenants(const orders_reader_t *reader,
                                      const orders_statement_t *statement,
                                      const orders_params_t *params, apr_array_header_t **tenants)
{
    PGresult *result;
    ORDERS_TRY(execute(reader, statement, params, &result));
    *tenants = apr_array_make(reader->pool, PQntuples(result) + 1, sizeof(int32_t));
    for (int row = 0; row < PQntuples(result); row++) {
        APR_ARRAY_PUSH(*tenants, int32_t) = (int32_t)orders_result_int(result, row, 0);
    }
    return NULL;
}

orders_problem_t *orders_worker_list_tenants(const orders_reader_t *reader,
                                             apr_array_header_t **tenants)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    return read_tenants(reader, &list_tenants, &params, tenants);
}

orders_problem_t *orders_worker_list_tenants_with_due(const orders_reader_t *reader,
                                                      const char *kind, const char *channel,
                                                      apr_array_header_t **tenants)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_text(&params, kind);
    orders_param_text(&params, channel);
    return read_tenants(reader, &list_tenants_with_due, &params, tenants);
}

orders_problem_t *orders_worker_list_tenants_to_reconcile(const orders_reader_t *reader,
                                                          const char *channel, const char *provider,
                                                          apr_array_header_t **tenants)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_text(&params, channel);
    orders_param_text(&params, provider);
    return read_tenants(reader, &list_tenants_to_reconcile, &params, tenants);
}

orders_problem_t *orders_worker_issue_bills(const orders_reader_t *reader, int limit,
                                            int64_t *count)
{
    return execute_counted(reader, &issue_bills, limit, count);
}

orders_problem_t *orders_worker_expire_orders(const orders_reader_t *reader, int limit,
                                              int64_t *count)
{
    return execute_counted(reader, &expire, limit, count);
}

orders_problem_t *orders_worker_purge_idempotency(const orders_reader_t *reader, int age,
                                                  int64_t *count)
{
    return execute_counted(reader, &purge, age, count);
}

orders_problem_t *orders_worker_purge(const orders_reader_t *reader, orders_retention_e kind,
                                      int days, int limit, int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, (const int[]){days, limit}, 2);
    ORDERS_TRY(execute(reader, &purges[kind], &params, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

orders_problem_t *orders_worker_compare_reconciliations(const orders_reader_t *reader,
                                                        int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    ORDERS_TRY(execute(reader, &compare_reconciliations, &params, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

static const char *text_or_null(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

orders_problem_t *orders_worker_list_due_events(const orders_reader_t *reader, int limit,
                                                apr_array_header_t **ids)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, &limit, 1);
    ORDERS_TRY(execute(reader, &due_events, &params, &result));
    *ids = apr_array_make(reader->pool, PQntuples(result) + 1, sizeof(int64_t));
    for (int row = 0; row < PQntuples(result); row++) {
        APR_ARRAY_PUSH(*ids, int64_t) = orders_result_int(result, row, 0);
    }
    return NULL;
}

orders_problem_t *orders_worker_review_event(const orders_reader_t *reader, int64_t id)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    orders_param_int(&params, id);
    return execute(reader, &review_event, &params, &result);
}

orders_problem_t *orders_worker_take_refused_events(const orders_reader_t *reader, int limit,
                                                    apr_array_header_t **refused)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, &limit, 1);
    ORDERS_TRY(execute(reader, &refused_events, &params, &result));
    *refused = apr_array_make(reader->pool, PQntuples(result) + 1, sizeof(orders_refused_event_t));
    for (int row = 0; row < PQntuples(result); row++) {
        APR_ARRAY_PUSH(*refused, orders_refused_event_t) = (orders_refused_event_t){
            .event = {.channel = PQgetvalue(result, row, 0),
                      .event_id = PQgetvalue(result, row, 1),
                      .type = PQgetvalue(result, row, 2),
                      .intent_id = text_or_null(result, row, 4),
                      .transaction_id = text_or_null(result, row, 5),
                      .amount = PQgetisnull(result, row, 6) ? 0 : orders_result_int(result, row, 6),
                      .currency = text_or_null(result, row, 7)},
            .payment = text_or_null(result, row, 3),
            .refusal = PQgetvalue(result, row, 8),
        };
    }
    return NULL;
}

static orders_problem_t *claim_tasks(const orders_reader_t *reader,
                                     const orders_statement_t *statement,
                                     const orders_claim_t *claim, const orders_row_type_t *type,
                                     apr_array_header_t **tasks)
{
    orders_params_t params;
    number_params(&params, reader, NULL, 0);
    orders_param_text(&params, claim->channel);
    orders_param_int(&params, claim->limit);
    orders_param_int(&params, claim->lease);
    return orders_store_work_rows(reader, statement, &params, type, tasks);
}

orders_problem_t *orders_worker_claim_intents(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks)
{
    return claim_tasks(reader, &claim_intents, claim, &orders_payment_task_type, tasks);
}

orders_problem_t *orders_worker_claim_refunds(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks)
{
    return claim_tasks(reader, &claim_refunds, claim, &orders_refund_task_type, tasks);
}

orders_problem_t *orders_worker_claim_captures(const orders_reader_t *reader,
                                               const orders_claim_t *claim,
                                               apr_array_header_t **tasks)
{
    return claim_tasks(reader, &claim_captures, claim, &orders_payment_task_type, tasks);
}

#define T orders_notice_task_t
static const orders_row_field_t notice_fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id), ORDERS_ROW_FIELD(T, TEXT, raw_type),
    ORDERS_ROW_FIELD(T, TEXT, resource_kind), ORDERS_ROW_FIELD(T, TEXT, resource_id)};
static const orders_row_type_t notice_type = ORDERS_ROW_TYPE("notice_task", "id", T, notice_fields);
#undef T

orders_problem_t *orders_worker_claim_notices(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks)
{
    return claim_tasks(reader, &claim_notices, claim, &notice_type, tasks);
}

orders_problem_t *orders_worker_refuse_stale_notices(const orders_reader_t *reader, int limit,
                                                     int64_t *count)
{
    return execute_counted(reader, &refuse_stale_notices, limit, count);
}

orders_problem_t *orders_worker_claim_mail(const orders_reader_t *reader, int limit, int lease,
                                           apr_array_header_t **tasks)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, (const int[]){limit, lease}, 2);
    ORDERS_TRY(orders_database_execute(
        reader->database, reader->pool, &claim_mail, &params, ORDERS_WRITE,
        &result)); /* not repeated: if the result of a claim is lost, the claim expires with its lease */
    return orders_rows_read(reader->pool, result, &orders_mail_task_type, tasks);
}

orders_problem_t *orders_worker_mark_mail(const orders_reader_t *reader, int64_t mail_id,
                                          bool final, const char *error)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    orders_param_int(&params, mail_id);
    orders_param_bool(&params, !error);
    orders_param_bool(&params, final);
    orders_param_text(&params, error);
    return execute(reader, &mark_mail, &params, &result);
}

orders_problem_t *orders_worker_plan_reconciliations(const orders_reader_t *reader,
                                                     const char *channel, const char *provider,
                                                     int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    orders_param_text(&params, channel);
    orders_param_text(&params, provider);
    ORDERS_TRY(execute(reader, &plan_reconciliations, &params, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

orders_problem_t *orders_worker_claim_reconciliations(const orders_reader_t *reader,
                                                      const orders_claim_t *claim,
                                                      apr_array_header_t **tasks)
{
    return claim_tasks(reader, &claim_reconciliations, claim, &orders_reconciliation_task_type,
                       tasks);
}

orders_problem_t *orders_worker_record_reconciliation_page(const orders_reader_t *reader,
                                                           const orders_reconciliation_task_t *task,
                                                           const char *next, const char *entries)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    orders_param_int(&params, task->id);
    orders_param_text(&params, task->page);
    orders_param_text(&params, next);
    orders_param_text(&params, entries);
    return execute(reader, &record_reconciliation_page, &params, &result);
}

orders_problem_t *orders_worker_fail_reconciliation(const orders_reader_t *reader, int64_t id,
                                                    const char *code, const char *message,
                                                    bool final)
{
    orders_params_t params;
    PGresult *result;
    number_params(&params, reader, NULL, 0);
    orders_param_int(&params, id);
    orders_param_text(&params, code);
    orders_param_text(&params, message);
    orders_param_bool(&params, final);
    return execute(reader, &fail_reconciliation, &params, &result);
}
