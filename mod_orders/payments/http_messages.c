/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/http_messages.h"

#include <apr_strings.h>
#include <string.h>

#include "core/fields.h"
#include "core/json_writer.h"
#include "core/text.h"
#include "net/http_client.h"
#include "payments/provider_problem.h"
#include "payments/provider_text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_ID 255
#define MAX_URL 2048
#define MAX_CODE 64
#define MAX_MESSAGE 500
#define INVALID_ID "Must be 1 to 255 letters, digits and _ - . : ~, and must not begin with a dot."

const char *orders_intent_text(const orders_intent_request_t *request, apr_pool_t *pool,
                               apr_size_t *length)
{
    orders_json_t *json = orders_json_open(pool);

    orders_json_begin_object(json);
    orders_json_member_string(json, "payment_key", request->payment_key);
    orders_json_member_int(json, "tenant", request->tenant);
    orders_json_member_string(json, "order_number", request->order_number);
    orders_json_member_int(json, "amount", request->amount);
    orders_json_member_string(json, "currency", request->currency);
    orders_json_member_string(json, "return_url", request->return_url);
    orders_json_member_string(json, "notify_url", request->notify_url);
    orders_json_end_object(json);
    return orders_json_text(json, pool, length);
}

const char *orders_refund_text(const orders_refund_request_t *request, apr_pool_t *pool,
                               apr_size_t *length)
{
    orders_json_t *json = orders_json_open(pool);

    orders_json_begin_object(json);
    orders_json_member_string(json, "refund_key", request->refund_key);
    orders_json_member_int(json, "tenant", request->tenant);
    orders_json_member_string(json, "intent_id", request->intent_id);
    orders_json_member_string(json, "transaction_id", request->transaction_id);
    orders_json_member_int(json, "amount", request->amount);
    orders_json_member_string(json, "currency", request->currency);
    orders_json_member_string(json, "reason", request->reason);
    orders_json_end_object(json);
    return orders_json_text(json, pool, length);
}

bool orders_provider_id_ok(const char *id)
{
    size_t length = id ? strlen(id) : 0;

    return length && length <= MAX_ID && id[0] != '.' &&
           id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:~")] ==
               '\0';
}

bool orders_provider_page_ok(const char *url)
{
    size_t length = strlen(url);

    if (!length || length > MAX_URL) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)url[i];
        if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c)) {
            return false;
        }
    }
    return !orders_http_page_check(url);
}

static orders_problem_t *malformed_reply(apr_pool_t *pool, const char *why)
{
    return orders_provider_unreachable(
        pool, apr_pstrcat(pool, "the provider's reply is malformed: ", why, NULL));
}

/** Decodes a JSON object by a field table. */
static orders_problem_t *decode(const orders_field_t *table, size_t count, apr_pool_t *pool,
                                const char *text, apr_size_t length, void *into)
{
    orders_input_t *input = NULL;
    orders_problem_t *problem;

    text = orders_provider_text(pool, text, &length);
    problem = orders_input_json(&input, pool, text, length, false);
    if (!problem) {
        problem = orders_fields_decode(table, count, input, into, pool);
    }
    return problem;
}

#define FIELD(struct_name, field, kind, field_flags, minimum, maximum)                             \
    {                                                                                              \
        .name = #field, .type = ORDERS_FIELD_##kind, .flags = field_flags,                         \
        .offset = offsetof(struct_name, field), .given = SIZE_MAX, .min = minimum, .max = maximum  \
    }

typedef struct intent_fields_t {
    const char *intent_id, *pay_url, *reference;
} intent_fields_t;

static const orders_field_t intent_table[] = {
    FIELD(intent_fields_t, intent_id, STRING, ORDERS_FIELD_REQUIRED, 1, MAX_ID),
    FIELD(intent_fields_t, pay_url, STRING, 0, 0, MAX_URL),
    FIELD(intent_fields_t, reference, STRING, ORDERS_FIELD_SANITISE, 0, MAX_ID),
};

orders_problem_t *orders_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length)
{
    intent_fields_t fields = {NULL, NULL, NULL};

    memset(reply, 0, sizeof(*reply));
    if (decode(intent_table, COUNT(intent_table), pool, text, length, &fields)) {
        return malformed_reply(pool, "it is not an intent");
    }
    if (!orders_provider_id_ok(fields.intent_id)) {
        return malformed_reply(pool, "the intent_id has invalid characters");
    }
    if (fields.pay_url && *fields.pay_url && !orders_provider_page_ok(fields.pay_url)) {
        return malformed_reply(pool, "the pay_url is not a valid URL");
    }
    reply->intent_id = fields.intent_id;
    reply->pay_url = fields.pay_url && *fields.pay_url ? fields.pay_url : NULL;
    reply->reference = fields.reference && *fields.reference ? fields.reference : NULL;
    return NULL;
}

typedef struct refund_fields_t {
    const char *transaction_id, *status;
} refund_fields_t;

static const char *const refund_states[] = {"done", "pending", NULL};

static const orders_field_t refund_table[] = {
    FIELD(refund_fields_t, transaction_id, STRING, ORDERS_FIELD_REQUIRED, 1, MAX_ID),
    {.name = "status",
     .type = ORDERS_FIELD_ENUM,
     .flags = ORDERS_FIELD_REQUIRED,
     .offset = offsetof(refund_fields_t, status),
     .given = SIZE_MAX,
     .values = refund_states},
};

orders_problem_t *orders_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length)
{
    refund_fields_t fields = {NULL, NULL};

    memset(reply, 0, sizeof(*reply));
    if (decode(refund_table, COUNT(refund_table), pool, text, length, &fields)) {
        return malformed_reply(pool, "it is not a refund");
    }
    if (!orders_provider_id_ok(fields.transaction_id)) {
        return malformed_reply(pool, "the transaction_id has invalid characters");
    }
    reply->transaction_id = fields.transaction_id;
    reply->pending = !strcmp(fields.status, "pending");
    return NULL;
}

typedef struct refusal_fields_t {
    const char *code, *message;
} refusal_fields_t;

static const orders_field_t refusal_table[] = {
    FIELD(refusal_fields_t, code, STRING, ORDERS_FIELD_REQUIRED, 1, MAX_CODE),
    FIELD(refusal_fields_t, message, STRING, ORDERS_FIELD_SANITISE, 0, MAX_MESSAGE),
};

static bool is_final_status(long status)
{
    return status == 400 || status == 402 || status == 404 || status == 410 || status == 422;
}

static bool is_valid_code(const char *code)
{
    return code &&
           code[strspn(
               code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0';
}

orders_problem_t *orders_refusal_read(long status, apr_pool_t *pool, const char *text,
                                      apr_size_t length)
{
    refusal_fields_t fields = {NULL, NULL};

    if (!is_final_status(status) ||
        decode(refusal_table, COUNT(refusal_table), pool, text, length, &fields) ||
        !is_valid_code(fields.code)) {
        return orders_provider_unreachable(pool,
                                           apr_psprintf(pool, "the provider replied %ld", status));
    }
    return orders_provider_refused(
        pool, fields.code, fields.message,
        apr_psprintf(pool, "the provider replied %ld: %s", status, fields.code));
}

typedef struct event_fields_t {
    const char *type;
    const char *payment_key, *intent_id, *transaction_id, *capture_id;
    int64_t amount;
    const char *currency, *failure_code, *failure_message;
} event_fields_t;

/** Only the syntax is checked here: the database checks the amounts, and stores refused events too. */
static const orders_field_t event_table[] = {
    FIELD(event_fields_t, type, STRING, ORDERS_FIELD_REQUIRED, 1, MAX_CODE),
    FIELD(event_fields_t, payment_key, STRING, 0, 0, MAX_ID),
    FIELD(event_fields_t, intent_id, STRING, 0, 0, MAX_ID),
    FIELD(event_fields_t, transaction_id, STRING, 0, 0, MAX_ID),
    FIELD(event_fields_t, capture_id, STRING, 0, 0, MAX_ID),
    FIELD(event_fields_t, amount, INT64, 0, INT64_MIN, INT64_MAX),
    FIELD(event_fields_t, currency, STRING, 0, 0, MAX_CODE),
    FIELD(event_fields_t, failure_code, STRING, ORDERS_FIELD_SANITISE, 0, MAX_CODE),
    FIELD(event_fields_t, failure_message, STRING, ORDERS_FIELD_SANITISE, 0, MAX_MESSAGE),
};

static const char *null_if_empty(const char *text)
{
    return text && *text ? text : NULL;
}

/** Checks ids, which are used in paths and log lines. */
static orders_problem_t *check_event(const orders_parsed_event_t *event, apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;

    if (event->payment_key && !orders_text_is_uuid(event->payment_key)) {
        orders_problem_field(&problem, pool, "payment_key", ORDERS_E_invalid_field,
                             "Must be a UUID.");
    }
    if (event->intent_id && !orders_provider_id_ok(event->intent_id)) {
        orders_problem_field(&problem, pool, "intent_id", ORDERS_E_invalid_field, INVALID_ID);
    }
    if (event->transaction_id && !orders_provider_id_ok(event->transaction_id)) {
        orders_problem_field(&problem, pool, "transaction_id", ORDERS_E_invalid_field, INVALID_ID);
    }
    if (event->capture_id && !orders_provider_id_ok(event->capture_id)) {
        orders_problem_field(&problem, pool, "capture_id", ORDERS_E_invalid_field, INVALID_ID);
    }
    return problem;
}

orders_problem_t *orders_event_read(orders_parsed_event_t *event, apr_pool_t *pool,
                                    const char *text, apr_size_t length)
{
    event_fields_t fields = {.type = NULL};

    ORDERS_TRY(decode(event_table, COUNT(event_table), pool, text, length, &fields));
    event->type = fields.type;
    event->payment_key = null_if_empty(fields.payment_key);
    event->intent_id = null_if_empty(fields.intent_id);
    event->transaction_id = null_if_empty(fields.transaction_id);
    event->capture_id = null_if_empty(fields.capture_id);
    event->amount = fields.amount;
    event->currency = null_if_empty(fields.currency);
    event->failure_code = null_if_empty(fields.failure_code);
    event->failure_message = null_if_empty(fields.failure_message);
    return check_event(event, pool);
}
