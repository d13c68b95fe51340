/* SPDX-License-Identifier: Apache-2.0 */
/** Writers of JSON members that more than one API has, beside those of canonical/members.h. */
#ifndef ORDERS_API_COMMON_MEMBERS_H
#define ORDERS_API_COMMON_MEMBERS_H

#include <apr_time.h>
#include <jansson.h>

#include "canonical/members.h"
#include "core/call.h"

/** The number as a string. */
void orders_member_number_text(orders_json_t *json, const char *name, int64_t number);

/** An amount in minor units of the order's currency, as a decimal number (29.8) or as a string with all decimals ("29.80"). */
void orders_member_amount(orders_json_t *json, const char *name, const orders_order_t *order,
                          int64_t amount);
void orders_member_amount_text(orders_json_t *json, const char *name, const orders_order_t *order,
                               int64_t amount);

/**
 * A UUID of version 8 (RFC 9562): a hash of `kind` and these bytes. For objects that have a UUID in an API but not in the
 * schema. The same object always has the same UUID.
 */
void orders_member_uuid_of(orders_json_t *json, const char *name, const char *kind,
                           const void *bytes, apr_size_t length);

/** Seconds since 1970; null if the time is 0. */
void orders_member_unix_time(orders_json_t *json, const char *name, apr_time_t time);

/** Sets the header X-Total-Count: the number of entries on all pages of a list. */
void orders_reply_total(orders_reply_t *reply, int64_t total, apr_pool_t *pool);

#endif
