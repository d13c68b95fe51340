/* SPDX-License-Identifier: Apache-2.0 */
#include "store/webhook_queue.h"

#include <apr_strings.h>

#define T orders_webhook_target_t
static const orders_row_field_t target_fields[] = {ORDERS_ROW_FIELD(T, INT8, id),
                                                   ORDERS_ROW_FIELD(T, UUID, public_id),
                                                   ORDERS_ROW_FIELD(T, TEXT, url),
                                                   ORDERS_ROW_FIELD(T, TEXT, payload),
                                                   ORDERS_ROW_FIELD(T, UUID, salt),
                                                   ORDERS_ROW_FIELD(T, UUID, former_salt),
                                                   ORDERS_ROW_FIELD(T, TIMESTAMPTZ, failing_since)};
const orders_row_type_t orders_webhook_target_type =
    ORDERS_ROW_TYPE("webhook_target", "id", T, target_fields);
#undef T

#define T orders_webhook_message_t
static const orders_row_field_t message_fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id),
    ORDERS_ROW_FIELD(T, TEXT, message_id),
    ORDERS_ROW_FIELD(T, TEXT, type),
    ORDERS_ROW_FIELD(T, INT4, attempts),
    ORDERS_ROW_FIELD(T, TIMESTAMPTZ, created_at),
    ORDERS_ROW_FIELD(T, TEXT, subject),
    ORDERS_ROW_FIELD(T, INT8, subject_id),
    ORDERS_ROW_FIELD(T, TEXT, body),
    ORDERS_ROW_RECORD(T, "event", event, &orders_event_type),
    ORDERS_ROW_RECORD(T, "endpoint", endpoint, &orders_webhook_type)};
const orders_row_type_t orders_webhook_message_type =
    ORDERS_ROW_TYPE("webhook_message", "id", T, message_fields);
#undef T

#define T orders_webhook_progress_t
static const orders_row_field_t progress_fields[] = {
    ORDERS_ROW_FIELD(T, TEXT, state),
    ORDERS_ROW_FIELD(T, TEXT, disabled_reason),
    ORDERS_ROW_FIELD(T, TIMESTAMPTZ, failing_since),
    ORDERS_ROW_FIELD(T, BOOL, began_failing),
    ORDERS_ROW_FIELD(T, BOOL, recovered),
    ORDERS_ROW_FIELD(T, BOOL, disabled),
    ORDERS_ROW_FIELD(T, INT4, dead)};
const orders_row_type_t orders_webhook_progress_type =
    ORDERS_ROW_TYPE("webhook_progress", NULL, T, progress_fields);
#undef T

static const orders_statement_t tenants_with_events = {
    .name = "orders_tenants_with_events",
    .text = "SELECT * FROM orders_v1.tenants_with_events()",
    .param_count = 0,
};
static const orders_statement_t fan_out = {
    .name = "orders_fan_out_events",
    .text = "SELECT orders_v1.fan_out_events($1, $2)",
    .param_count = 2,
};

#define TARGET_COLUMNS "id, public_id, url, payload, salt, former_salt, failing_since"

static const orders_statement_t claim = {
    .name = "orders_claim_webhooks",
    .text = "SELECT " TARGET_COLUMNS " FROM orders_v1.claim_webhooks($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t renew = {
    .name = "orders_renew_webhooks",
    .text = "SELECT " TARGET_COLUMNS " FROM orders_v1.renew_webhooks($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t release = {
    .name = "orders_release_webhook",
    .text = "SELECT orders_v1.release_webhook($1, $2, now() + make_interval(secs => "
            "nullif($3::integer, 0)), $4)",
    .param_count = 4,
};
static const orders_statement_t take = {
    .name = "orders_take_deliveries",
    .text = "SELECT id, message_id, type, attempts, created_at, subject, subject_id, body, event,"
            " endpoint FROM orders_v1.take_deliveries($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t store_bodies = {
    .name = "orders_store_bodies",
    .text = "SELECT orders_v1.store_bodies($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t record = {
    .name = "orders_record_deliveries",
    .text = "SELECT state, disabled_reason, failing_since, began_failing, recovered, disabled, dead"
            " FROM orders_v1.record_deliveries($1, $2, $3)",
    .param_count = 3,
};

static orders_problem_t *execute(const orders_reader_t *reader, const orders_statement_t *statement,
                                 const orders_params_t *params, PGresult **result)
{
    return orders_database_execute(reader->database, reader->pool, statement, params,
                                   ORDERS_WRITE_KEYED, result);
}

orders_problem_t *orders_webhook_queue_tenants(const orders_reader_t *reader,
                                               apr_array_header_t **tenants)
{
    orders_params_t params;
    PGresult *result;
    orders_params_init(&params, reader->pool);
    ORDERS_TRY(execute(reader, &tenants_with_events, &params, &result));
    *tenants = apr_array_make(reader->pool, PQntuples(result) + 1, sizeof(int32_t));
    for (int row = 0; row < PQntuples(result); row++) {
        APR_ARRAY_PUSH(*tenants, int32_t) = (int32_t)orders_result_int(result, row, 0);
    }
    return NULL;
}

orders_problem_t *orders_webhook_queue_fan_out(const orders_reader_t *reader, int limit,
                                               int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    orders_reader_params(&params, reader);
    orders_param_int(&params, limit);
    ORDERS_TRY(execute(reader, &fan_out, &params, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

orders_problem_t *orders_webhook_queue_claim(const orders_reader_t *reader, int limit,
                                             const orders_webhook_lease_t *lease,
                                             apr_array_header_t **targets)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, limit);
    orders_param_int(&params, lease->seconds);
    orders_param_int(&params, lease->owner);
    return orders_store_work_rows(reader, &claim, &params, &orders_webhook_target_type, targets);
}

/* Adds a parameter of type bigint[]. */
static void param_ids(orders_params_t *params, const apr_array_header_t *ids)
{
    const char **texts = apr_palloc(params->pool, ((size_t)ids->nelts + 1) * sizeof *texts);
    for (int i = 0; i < ids->nelts; i++) {
        texts[i] = apr_psprintf(params->pool, "%" APR_INT64_T_FMT,
                                (apr_int64_t)APR_ARRAY_IDX(ids, i, int64_t));
    }
    orders_param_array(params, texts, ids->nelts);
}

orders_problem_t *orders_webhook_queue_renew(const orders_reader_t *reader,
                                             const apr_array_header_t *ids,
                                             const orders_webhook_lease_t *lease,
                                             apr_array_header_t **targets)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    param_ids(&params, ids);
    orders_param_int(&params, lease->seconds);
    orders_param_int(&params, lease->owner);
    return orders_store_work_rows(reader, &renew, &params, &orders_webhook_target_type, targets);
}

orders_problem_t *orders_webhook_queue_release(const orders_reader_t *reader, int64_t endpoint,
                                               int pause, const orders_webhook_lease_t *lease)
{
    orders_params_t params;
    PGresult *result;
    orders_reader_params(&params, reader);
    orders_param_int(&params, endpoint);
    orders_param_int(&params, pause);
    orders_param_int(&params, lease->owner);
    return execute(reader, &release, &params, &result);
}

orders_problem_t *orders_webhook_queue_take(const orders_reader_t *reader, int64_t endpoint,
                                            int limit, apr_array_header_t **messages)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, endpoint);
    orders_param_int(&params, limit);
    return orders_store_read(reader, &take, &params, &orders_webhook_message_type, messages);
}

orders_problem_t *orders_webhook_queue_store_bodies(const orders_reader_t *reader,
                                                    const apr_array_header_t *ids,
                                                    const apr_array_header_t *bodies)
{
    orders_params_t params;
    PGresult *result;
    orders_reader_params(&params, reader);
    param_ids(&params, ids);
    orders_param_texts(&params, bodies);
    return execute(reader, &store_bodies, &params, &result);
}

orders_problem_t *orders_webhook_queue_record(const orders_reader_t *reader, int64_t endpoint,
                                              const char *results,
                                              orders_webhook_progress_t **progress)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_int(&params, endpoint);
    orders_param_text(&params, results);
    ORDERS_TRY(
        orders_store_work_rows(reader, &record, &params, &orders_webhook_progress_type, &rows));
    *progress = orders_first(rows);
    return NULL;
}
