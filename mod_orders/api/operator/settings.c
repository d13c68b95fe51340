/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: settings of the shop. */
#include "store/tenant_settings.h"

#include "api/common/members.h"
#include "api/operator/document.h"
#include "core/etag.h"
#include "core/format.h"

#define CHANGED "The settings have changed since they were read."

#define FIELD ORDERS_DOCUMENT_FIELD
#define TEXT ORDERS_DOCUMENT_TEXT

/* No field is required: an absent one keeps its value. SQL refuses null for the fields that must have a value. */
static const orders_field_t fields[] = {
    FIELD("name", STRING, TEXT),
    FIELD("address", OBJECT, .members = &orders_operator_address_fields),
    FIELD("tax_number", STRING, .max = 64),
    FIELD("email", STRING, .flags = ORDERS_FIELD_OR_EMPTY, ORDERS_DOCUMENT_MAIL),
    FIELD("phone", STRING, .max = 40),
    FIELD("currency", STRING, .max = 3),
    FIELD("tax_inclusive", BOOL, .flags = 0),
    FIELD("bill_series", STRING, .max = 12),
    FIELD("invoice_series", STRING, .max = 12),
    FIELD("time_zone", STRING, .max = 64),
    FIELD("metadata", OBJECT, .flags = 0),
};
static const char *const read_only[] = {"version", "created_at", "updated_at", NULL};
const orders_field_table_t orders_operator_settings_fields =
    ORDERS_FIELD_TABLE(fields, .exactly = true, .read_only = read_only);

static void reply_settings(const orders_call_t *call, const orders_tenant_settings_t *settings,
                           orders_reply_t *reply)
{
    orders_json_t *json = orders_json_open(call->pool);
    orders_json_begin_object(json);
    orders_json_member_string(json, "name", settings->name);
    orders_member_object(json, "address", settings->address);
    orders_json_member_string(json, "tax_number", settings->tax_number);
    orders_json_member_string(json, "email", settings->email);
    orders_json_member_string(json, "phone", settings->phone);
    orders_json_member_string(json, "currency", settings->currency);
    orders_json_member_bool(json, "tax_inclusive", settings->tax_inclusive);
    orders_json_member_string(json, "bill_series", settings->bill_series);
    orders_json_member_string(json, "invoice_series", settings->invoice_series);
    orders_json_member_string(json, "time_zone", settings->time_zone);
    orders_member_object(json, "metadata", settings->metadata);
    orders_json_member_int(json, "version", settings->version);
    orders_member_time(json, "created_at", settings->created_at);
    orders_member_time(json, "updated_at", settings->updated_at);
    orders_json_end_object(json);
    reply->json = json;
    reply->etag = orders_etag(call->pool, settings->id, settings->version, "settings");
}

orders_problem_t *orders_operator_read_settings(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_tenant_settings_t *settings;
    ORDERS_TRY(orders_tenant_settings_read(&reader, &settings));
    reply_settings(call, settings, reply);
    return NULL;
}

orders_problem_t *orders_operator_change_settings(orders_call_t *call, orders_reply_t *reply)
{
    const char *changes;
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_settings_t *written;
    ORDERS_TRY(orders_operator_document(call, NULL, &changes));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match_version(call, CHANGED, &match));
    ORDERS_TRY(orders_tenant_settings_change(&writer, match, changes, &written));
    if (!written->settings) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply_settings(call, written->settings, reply);
    return NULL;
}
