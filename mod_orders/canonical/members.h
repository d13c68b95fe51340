/* SPDX-License-Identifier: Apache-2.0 */
/** Writers of JSON members that may be empty, and a parser of jsonb columns. */
#ifndef ORDERS_CANONICAL_MEMBERS_H
#define ORDERS_CANONICAL_MEMBERS_H

#include <apr_time.h>
#include <jansson.h>

#include "core/json_writer.h"
#include "store/views.h"

/** null if the id is 0. */
void orders_member_id(orders_json_t *json, const char *name, int64_t id);

/** null if `uuid` is NULL. */
void orders_member_uuid(orders_json_t *json, const char *name, const unsigned char *uuid);

/** {} if the column is null. */
void orders_member_object(orders_json_t *json, const char *name, orders_document_t document);

/** ISO 8601; null if the time is 0. */
void orders_member_time(orders_json_t *json, const char *name, apr_time_t time);

/** The parsed value of a jsonb column, or NULL. The caller must json_decref() it. */
json_t *orders_document_json(orders_document_t document) ORDERS_MUSTCHECK;

#endif
