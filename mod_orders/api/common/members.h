/* SPDX-License-Identifier: Apache-2.0 */
/** Members of JSON objects that more than one API writes, a name and a value; and the documents that some come from. */
#ifndef ORDERS_API_COMMON_MEMBERS_H
#define ORDERS_API_COMMON_MEMBERS_H

#include <apr_time.h>
#include <jansson.h>

#include "core/call.h"
#include "core/json_writer.h"
#include "store/views.h"

/** null when the id is 0. */
void orders_member_id(orders_json_t *json, const char *name, int64_t id);

/** null when there is none. */
void orders_member_uuid(orders_json_t *json, const char *name, const unsigned char *uuid);

/** A number in quotes. */
void orders_member_number_text(orders_json_t *json, const char *name, int64_t number);

/** Minor units of the order's currency as a number of major ones: 29.8; and as text, with all its decimals: "29.80". */
void orders_member_amount(orders_json_t *json, const char *name, const orders_order_t *order,
                          int64_t amount);
void orders_member_amount_text(orders_json_t *json, const char *name, const orders_order_t *order,
                               int64_t amount);

/** An empty object when there is none. */
void orders_member_object(orders_json_t *json, const char *name, orders_document_t document);

/**
 * A UUID of version 8 (RFC 9562): a hash of `kind` and these bytes. For objects that have a UUID in an API and none in the
 * schema. The same object always has the same UUID.
 */
void orders_member_uuid_of(orders_json_t *json, const char *name, const char *kind,
                           const void *bytes, apr_size_t length);

/** ISO 8601; null when there is none. */
void orders_member_time(orders_json_t *json, const char *name, apr_time_t time);

/** Seconds since 1970; null when there is none. */
void orders_member_unix_time(orders_json_t *json, const char *name, apr_time_t time);

/** The header X-Total-Count: how many entries all pages of a list have. */
void orders_reply_total(orders_reply_t *reply, int64_t total, apr_pool_t *pool);

/** A column of jsonb, parsed, for its members; NULL when there is none. The caller decrefs it. */
json_t *orders_document_json(orders_document_t document) ORDERS_MUSTCHECK;

#endif
