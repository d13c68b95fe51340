/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: webhook endpoints. The secret of an endpoint is only in the responses that create it and rotate the secret. */
#include "store/webhook.h"

#include <apr_strings.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "api/operator/webhooks.h"
#include "core/call_input.h"
#include "core/etag.h"
#include "core/format.h"
#include "core/text.h"
#include "webhooks/secret.h"
#include "webhooks/url.h"

#define LIST_CONTEXT "operator.webhooks"
#define MAX_PATTERNS 50
#define MAX_PATTERN 100
#define MAX_URL 2000
#define MAX_DESCRIPTION 500
#define CHANGED "The webhook has changed since it was read."

static const char *const payloads[] = {"full", "thin", NULL};

typedef struct webhook_fields_t {
    const char *url, *description, *payload;
    json_t *events;
    bool enabled, skip_missed;
    bool has_url, has_events, has_description, has_payload, has_enabled, has_skip_missed;
} webhook_fields_t;

const orders_field_t orders_operator_pattern_entry = {
    .type = ORDERS_FIELD_STRING,
    .offset = ORDERS_FIELD_CHECKED,
    .given = SIZE_MAX,
    .min = 1,
    .max = MAX_PATTERN,
    .format = &orders_format_event_pattern,
};

#define EVENTS(more)                                                                               \
    {                                                                                              \
        .name = "events", .type = ORDERS_FIELD_ARRAY, .flags = (more),                             \
        .offset = offsetof(webhook_fields_t, events),                                              \
        .given = offsetof(webhook_fields_t, has_events), .min = 1, .max = MAX_PATTERNS,            \
        .entry = &orders_operator_pattern_entry,                                                   \
    }
#define GIVEN(kind, member, ...)                                                                   \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind,                                              \
        .offset = offsetof(webhook_fields_t, member),                                              \
        .given = offsetof(webhook_fields_t, has_##member), __VA_ARGS__                             \
    }

static const orders_field_t create_fields[] = {
    GIVEN(STRING, url, .flags = ORDERS_FIELD_REQUIRED, .min = 1, .max = MAX_URL),
    EVENTS(ORDERS_FIELD_REQUIRED),
    GIVEN(STRING, description, .max = MAX_DESCRIPTION),
    GIVEN(ENUM, payload, .values = payloads),
    GIVEN(BOOL, enabled),
};
static const orders_field_t change_fields[] = {
    GIVEN(STRING, url, .min = 1, .max = MAX_URL),
    EVENTS(0),
    GIVEN(STRING, description, .max = MAX_DESCRIPTION),
    GIVEN(ENUM, payload, .values = payloads),
    GIVEN(BOOL, enabled),
    GIVEN(BOOL, skip_missed),
};
static const char *const read_only[] = {
    "id",
    "secret",
    "state",
    "disabled_reason",
    "version",
    "former_secret_until",
    "pending",
    "dead",
    "failing_since",
    "last_success_at",
    "last_failure_at",
    "created_at",
    "updated_at",
    NULL,
};
const orders_field_table_t orders_operator_webhook_fields =
    ORDERS_FIELD_TABLE(create_fields, .exactly = true, .read_only = read_only);
const orders_field_table_t orders_operator_webhook_changes =
    ORDERS_FIELD_TABLE(change_fields, .exactly = true, .read_only = read_only);
const orders_field_table_t orders_operator_webhooks_query = {
    .exactly = true,
    .read_only = orders_operator_page_names,
};

orders_problem_t *orders_operator_webhook_id(const orders_call_t *call)
{
    return orders_text_is_uuid(call->param[0])
               ? NULL
               : orders_problem(call->pool, ORDERS_E_not_found, NULL);
}

apr_array_header_t *orders_operator_patterns(const json_t *patterns, apr_pool_t *pool)
{
    const size_t count = json_array_size(patterns);
    apr_array_header_t *texts = apr_array_make(pool, (int)count, sizeof(const char *));
    for (size_t i = 0; i < count; i++) {
        APR_ARRAY_PUSH(texts, const char *) = json_string_value(json_array_get(patterns, i));
    }
    return texts;
}

static orders_problem_t *read_fields(orders_call_t *call, webhook_fields_t *fields)
{
    orders_input_t *input;
    ORDERS_TRY(orders_call_body(&input, call));
    orders_problem_t *problem = orders_call_decode(call, input, fields);
    const char *message =
        fields->url ? orders_webhook_url_check(fields->url, call->settings->webhook_hosts) : NULL;
    if (message) {
        orders_problem_field(&problem, call->pool, "url", ORDERS_E_invalid_field, message);
    }
    return problem;
}

static void write_secret(orders_json_t *json, const char *secret)
{
    if (secret) {
        orders_json_member_string(json, "secret", secret);
    }
}

/* `secret`: NULL except in the responses that show it. */
static void write_webhook(orders_json_t *json, const orders_webhook_t *webhook, const char *secret)
{
    orders_json_begin_object(json);
    orders_member_uuid(json, "id", webhook->public_id);
    orders_json_member_string(json, "url", webhook->url);
    orders_json_key(json, "events");
    orders_json_raw(json, webhook->patterns.text, (apr_size_t)webhook->patterns.length);
    orders_json_member_string(json, "description", webhook->description);
    orders_json_member_string(json, "payload", webhook->payload);
    orders_json_member_string(json, "state", webhook->state);
    orders_json_member_string(json, "disabled_reason", webhook->disabled_reason);
    orders_json_member_int(json, "version", webhook->version);
    write_secret(json, secret);
    orders_member_time(json, "former_secret_until",
                       webhook->former_salt ? webhook->former_until : 0);
    orders_json_member_int(json, "pending", webhook->pending);
    orders_json_member_int(json, "dead", webhook->dead);
    orders_member_time(json, "failing_since", webhook->failing_since);
    orders_member_time(json, "last_success_at", webhook->last_success_at);
    orders_member_time(json, "last_failure_at", webhook->last_failure_at);
    orders_member_time(json, "created_at", webhook->created_at);
    orders_member_time(json, "updated_at", webhook->updated_at);
    orders_json_end_object(json);
}

/* The response also shows data that change without a new version: deliveries, and the end of a former secret. */
static const char *etag_of(apr_pool_t *pool, const orders_webhook_t *webhook)
{
    const char *rest = apr_psprintf(pool,
                                    "webhook %" APR_INT64_T_FMT " %" APR_INT64_T_FMT
                                    " %d %" APR_TIME_T_FMT " %" APR_TIME_T_FMT " %" APR_TIME_T_FMT,
                                    (apr_int64_t)webhook->pending, (apr_int64_t)webhook->dead,
                                    webhook->former_salt != NULL, webhook->failing_since,
                                    webhook->last_success_at, webhook->last_failure_at);
    return orders_etag(pool, webhook->id, webhook->version, rest);
}

static orders_problem_t *derive_secret(const orders_call_t *call, const orders_webhook_t *webhook,
                                       const char **secret)
{
    unsigned char key[ORDERS_WEBHOOK_KEY_SIZE];
    const orders_settings_t *settings = call->settings;
    if (!settings->secret) {
        return orders_problem_logged(call->pool, ORDERS_E_not_configured,
                                     "webhooks require OrdersSecretFile");
    }
    if (!webhook->salt || !orders_webhook_key(key, settings->secret, settings->secret_length,
                                              webhook->public_id, webhook->salt)) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    *secret = orders_webhook_secret_text(call->pool, key);
    return NULL;
}

static void reply_webhook(const orders_call_t *call, const orders_webhook_t *webhook,
                          const char *secret, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    write_webhook(reply->json, webhook, secret);
    reply->etag = etag_of(call->pool, webhook);
}

static orders_problem_t *reply_written(const orders_call_t *call,
                                       const orders_written_webhook_t *written, bool with_secret,
                                       orders_reply_t *reply)
{
    const char *secret = NULL;
    if (!written->endpoint) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    if (with_secret) {
        ORDERS_TRY(derive_secret(call, written->endpoint, &secret));
    }
    reply->replayed = written->replayed;
    reply_webhook(call, written->endpoint, secret, reply);
    return NULL;
}

orders_problem_t *orders_operator_create_webhook(orders_call_t *call, orders_reply_t *reply)
{
    webhook_fields_t fields = {.payload = "full", .enabled = true};
    orders_writer_t writer;
    orders_written_webhook_t *written;
    ORDERS_TRY(read_fields(call, &fields));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    const orders_create_webhook_t create = {
        .url = fields.url,
        .description = orders_or_null(fields.description),
        .payload = fields.payload,
        .patterns = orders_operator_patterns(fields.events, call->pool),
        .enabled = fields.enabled,
    };
    ORDERS_TRY(orders_webhook_create(&writer, &create, &written));
    return reply_written(call, written, true, reply);
}

static void write_events(orders_json_t *json, const json_t *events)
{
    orders_json_key(json, "events");
    orders_json_begin_array(json);
    for (size_t i = 0; i < json_array_size(events); i++) {
        orders_json_string(json, json_string_value(json_array_get(events, i)));
    }
    orders_json_end_array(json);
}

/* The given members as the object that orders_v1.change_webhook reads. */
static const char *changes_text(const webhook_fields_t *fields, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    if (fields->has_url) {
        orders_json_member_string(json, "url", fields->url);
    }
    if (fields->has_events) {
        write_events(json, fields->events);
    }
    if (fields->has_description) {
        orders_json_member_string(json, "description", orders_or_null(fields->description));
    }
    if (fields->has_payload) {
        orders_json_member_string(json, "payload", fields->payload);
    }
    if (fields->has_enabled) {
        orders_json_member_bool(json, "enabled", fields->enabled);
    }
    if (fields->has_skip_missed) {
        orders_json_member_bool(json, "skip_missed", fields->skip_missed);
    }
    orders_json_end_object(json);
    return orders_json_text(json, pool, NULL);
}

orders_problem_t *orders_operator_change_webhook(orders_call_t *call, orders_reply_t *reply)
{
    webhook_fields_t fields = {0};
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_webhook_t *written;
    ORDERS_TRY(read_fields(call, &fields));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_call_match_version(call, CHANGED, &match));
    ORDERS_TRY(orders_webhook_change(&writer, call->param[0], match,
                                     changes_text(&fields, call->pool), &written));
    return reply_written(call, written, false, reply);
}

orders_problem_t *orders_operator_delete_webhook(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_webhook_t *written;
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_call_match_version(call, CHANGED, &match));
    ORDERS_TRY(orders_webhook_delete(&writer, call->param[0], match, &written));
    return reply_written(call, written, false, reply);
}

orders_problem_t *orders_operator_rotate_webhook(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_webhook_t *written;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_webhook_rotate(&writer, call->param[0], &written));
    return reply_written(call, written, true, reply);
}

orders_problem_t *orders_operator_read_webhook(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_webhook_t *webhook;
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_webhook_read(&reader, call->param[0], &webhook));
    reply_webhook(call, webhook, NULL, reply);
    return NULL;
}

static void write_row(orders_json_t *json, const void *row)
{
    write_webhook(json, row, NULL);
}

static int64_t get_id(const void *row)
{
    return ((const orders_webhook_t *)row)->id;
}

orders_problem_t *orders_operator_list_webhooks(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    apr_array_header_t *rows;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, NULL);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    ORDERS_TRY(
        orders_webhook_list(&reader, page.size + 1, page.has_cursor ? page.cursor.id : 0, &rows));
    const orders_operator_page_t list = {
        .name = "webhooks",
        .context = LIST_CONTEXT,
        .size = page.size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &list, rows, reply);
    return NULL;
}
