/* SPDX-License-Identifier: Apache-2.0 */
/** Input that the routes of webhook endpoints and of their deliveries share. */
#ifndef ORDERS_API_OPERATOR_WEBHOOKS_H
#define ORDERS_API_OPERATOR_WEBHOOKS_H

#include "core/call.h"

/** The entry of an array of patterns of event types. */
extern const orders_field_t orders_operator_pattern_entry;

/** The texts of an array of patterns, of const char *; they live as long as `patterns`. */
apr_array_header_t *orders_operator_patterns(const json_t *patterns, apr_pool_t *pool);

/** `not_found` if the first parameter of the path is not a UUID. */
orders_problem_t *orders_operator_webhook_id(const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
