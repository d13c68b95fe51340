/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Access to nested values in PayPal's JSON by path. Results belong to the parsed tree, which lives as long as the pool.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_JSON_H
#define ORDERS_PAYMENTS_PAYPAL_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "core/problem.h"

/** Parses an object, with the same rules as for a client's request. `malformed_json`. */
orders_problem_t *orders_paypal_json(const json_t **root, apr_pool_t *pool, const char *text,
                                     apr_size_t length) ORDERS_MUSTCHECK;

/** The value at a path of names and indexes, such as "purchase_units.0.amount"; NULL: absent. */
const json_t *orders_paypal_at(const json_t *json, const char *path);

/** The non-empty string at a path; NULL: absent or of another type. */
const char *orders_paypal_text(const json_t *json, const char *path);

/** The `href` of the first element of `links` with this `rel`, or NULL. */
const char *orders_paypal_link(const json_t *json, const char *rel);

/** Whether an id can be used in a path: 1 to 64 letters, digits and dashes. */
bool orders_paypal_id_ok(const char *id);

#endif
