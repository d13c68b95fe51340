/* SPDX-License-Identifier: Apache-2.0 */
#include "store/webhook.h"

#include "core/time.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_webhook_t
static const orders_row_field_t webhook_fields[] = {
    FIELD(INT8, id),
    FIELD(UUID, public_id),
    FIELD(TEXT, url),
    FIELD(JSONB, patterns),
    FIELD(TEXT, description),
    FIELD(TEXT, payload),
    FIELD(TEXT, state),
    FIELD(TEXT, disabled_reason),
    FIELD(INT4, version),
    FIELD(INT4, generation),
    FIELD(UUID, salt),
    FIELD(UUID, former_salt),
    FIELD(TIMESTAMPTZ, former_until),
    FIELD(INT4, pending),
    FIELD(INT4, dead),
    FIELD(TIMESTAMPTZ, failing_since),
    FIELD(TIMESTAMPTZ, last_success_at),
    FIELD(TIMESTAMPTZ, last_failure_at),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
};
const orders_row_type_t orders_webhook_type =
    ORDERS_ROW_TYPE("webhook_view", "id", T, webhook_fields);
#undef T

#define T orders_delivery_t
static const orders_row_field_t delivery_fields[] = {
    FIELD(INT8, id),
    FIELD(UUID, webhook_id),
    FIELD(TEXT, message_id),
    FIELD(TEXT, type),
    FIELD(INT8, event_id),
    FIELD(INT4, event_version),
    FIELD(INT8, order_id),
    FIELD(TEXT, order_number),
    FIELD(TEXT, state),
    FIELD(INT4, attempts),
    FIELD(TIMESTAMPTZ, next_at),
    FIELD(TIMESTAMPTZ, last_at),
    FIELD(INT4, last_status),
    FIELD(TEXT, last_error),
    FIELD(INT4, last_ms),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, done_at),
};
const orders_row_type_t orders_delivery_type =
    ORDERS_ROW_TYPE("delivery_view", "id", T, delivery_fields);
#undef T

#define T orders_written_webhook_t
static const orders_row_field_t written_webhook_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "endpoint", endpoint, &orders_webhook_type),
};
const orders_row_type_t orders_written_webhook_type =
    ORDERS_ROW_TYPE("written_webhook", NULL, T, written_webhook_fields);
#undef T

#define T orders_written_delivery_t
static const orders_row_field_t written_delivery_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "delivery", delivery, &orders_delivery_type),
};
const orders_row_type_t orders_written_delivery_type =
    ORDERS_ROW_TYPE("written_delivery", NULL, T, written_delivery_fields);
#undef T

#define T orders_written_replay_t
static const orders_row_field_t written_replay_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT4, queued),
    FIELD(TEXT, next),
    FIELD(BOOL, replayed),
};
const orders_row_type_t orders_written_replay_type =
    ORDERS_ROW_TYPE("written_replay", NULL, T, written_replay_fields);
#undef T

static const orders_statement_t create_webhook = {
    .name = "orders_create_webhook",
    .text = "SELECT * FROM orders_v1.create_webhook(" ORDERS_WRITER_SQL ", $8, $9, $10, $11, $12)",
    .param_count = 12,
};
static const orders_statement_t change_webhook = {
    .name = "orders_change_webhook",
    .text = "SELECT * FROM orders_v1.change_webhook(" ORDERS_WRITER_SQL ", $8, $9, $10)",
    .param_count = 10,
};
static const orders_statement_t delete_webhook = {
    .name = "orders_delete_webhook",
    .text = "SELECT * FROM orders_v1.delete_webhook(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t rotate_webhook = {
    .name = "orders_rotate_webhook",
    .text = "SELECT * FROM orders_v1.rotate_webhook(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t test_webhook = {
    .name = "orders_test_webhook",
    .text = "SELECT * FROM orders_v1.test_webhook(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t replay_webhook = {
    .name = "orders_replay_webhook",
    .text = "SELECT * FROM orders_v1.replay_webhook(" ORDERS_WRITER_SQL
            ", $8, $9, $10, $11, $12, $13, $14)",
    .param_count = 14,
};
static const orders_statement_t retry_delivery = {
    .name = "orders_retry_delivery",
    .text = "SELECT * FROM orders_v1.retry_delivery(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t list_webhooks = {
    .name = "orders_list_webhooks",
    .text = "SELECT * FROM orders_v1.list_webhooks($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t read_webhook = {
    .name = "orders_read_webhook",
    .text = "SELECT * FROM orders_v1.read_webhook($1, $2)",
    .param_count = 2,
};
static const orders_statement_t list_deliveries = {
    .name = "orders_list_deliveries",
    .text = "SELECT * FROM orders_v1.list_deliveries($1, $2, $3, $4,"
            " CASE WHEN $5::text IS NOT NULL THEN coalesce(orders_v1.order_id_of($1, $5), 0) END, "
            "$6, $7)",
    .param_count = 7,
};
static const orders_statement_t read_delivery = {
    .name = "orders_read_delivery",
    .text = "SELECT * FROM orders_v1.read_delivery($1, $2, $3)",
    .param_count = 3,
};

static orders_problem_t *write_webhook(const orders_writer_t *writer,
                                       const orders_statement_t *statement,
                                       const orders_params_t *params,
                                       orders_written_webhook_t **written)
{
    apr_array_header_t *rows;
    ORDERS_TRY(
        orders_store_write_rows(writer, statement, params, &orders_written_webhook_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

static orders_problem_t *write_delivery(const orders_writer_t *writer,
                                        const orders_statement_t *statement,
                                        const orders_params_t *params,
                                        orders_written_delivery_t **written)
{
    apr_array_header_t *rows;
    ORDERS_TRY(
        orders_store_write_rows(writer, statement, params, &orders_written_delivery_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_webhook_create(const orders_writer_t *writer,
                                        const orders_create_webhook_t *create,
                                        orders_written_webhook_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, create->url);
    orders_param_texts(&params, create->patterns);
    orders_param_text(&params, create->description);
    orders_param_text(&params, create->payload);
    orders_param_bool(&params, create->enabled);
    return write_webhook(writer, &create_webhook, &params, written);
}

orders_problem_t *orders_webhook_change(const orders_writer_t *writer, const char *webhook,
                                        const apr_array_header_t *match, const char *changes,
                                        orders_written_webhook_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    orders_param_texts(&params, match);
    orders_param_text(&params, changes);
    return write_webhook(writer, &change_webhook, &params, written);
}

orders_problem_t *orders_webhook_delete(const orders_writer_t *writer, const char *webhook,
                                        const apr_array_header_t *match,
                                        orders_written_webhook_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    orders_param_texts(&params, match);
    return write_webhook(writer, &delete_webhook, &params, written);
}

orders_problem_t *orders_webhook_rotate(const orders_writer_t *writer, const char *webhook,
                                        orders_written_webhook_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    return write_webhook(writer, &rotate_webhook, &params, written);
}

orders_problem_t *orders_webhook_test(const orders_writer_t *writer, const char *webhook,
                                      orders_written_delivery_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    return write_delivery(writer, &test_webhook, &params, written);
}

static void param_time(orders_params_t *params, apr_time_t time)
{
    orders_param_text(params, time ? orders_time_text(params->pool, time, true) : NULL);
}

orders_problem_t *orders_webhook_replay(const orders_writer_t *writer, const char *webhook,
                                        const orders_replay_webhook_t *replay,
                                        orders_written_replay_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    orders_param_text(&params, replay->after);
    orders_param_text(&params, replay->until);
    param_time(&params, replay->from);
    param_time(&params, replay->to);
    orders_param_texts(&params, replay->types);
    orders_param_int_or_null(&params, replay->limit != 0, replay->limit);
    ORDERS_TRY(orders_store_write_rows(writer, &replay_webhook, &params,
                                       &orders_written_replay_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_delivery_retry(const orders_writer_t *writer, const char *webhook,
                                        int64_t delivery, orders_written_delivery_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, webhook);
    orders_param_int(&params, delivery);
    return write_delivery(writer, &retry_delivery, &params, written);
}

orders_problem_t *orders_webhook_read(const orders_reader_t *reader, const char *webhook,
                                      const orders_webhook_t **endpoint)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, webhook);
    ORDERS_TRY(orders_store_read(reader, &read_webhook, &params, &orders_webhook_type, &rows));
    *endpoint = orders_first(rows);
    return *endpoint ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_delivery_read(const orders_reader_t *reader, const char *webhook,
                                       int64_t id, const orders_delivery_t **delivery)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, webhook);
    orders_param_int(&params, id);
    ORDERS_TRY(orders_store_read(reader, &read_delivery, &params, &orders_delivery_type, &rows));
    *delivery = orders_first(rows);
    return *delivery ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_webhook_list(const orders_reader_t *reader, int size, int64_t before_id,
                                      apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, size);
    orders_param_int_or_null(&params, before_id != 0, before_id);
    return orders_store_read(reader, &list_webhooks, &params, &orders_webhook_type, rows);
}

orders_problem_t *orders_delivery_list(const orders_reader_t *reader,
                                       const orders_delivery_list_t *list,
                                       apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->webhook);
    orders_param_text(&params, list->state);
    orders_param_text(&params, list->type);
    orders_param_text(&params, list->order);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_deliveries, &params, &orders_delivery_type, rows);
}
