/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's JSON, as replies and events have it: deep, and with more members than anybody needs. Whatever is read is
 * borrowed from the text's tree, which lives as long as the pool.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_JSON_H
#define ORDERS_PAYMENTS_PAYPAL_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "core/problem.h"

/** One object, as strict as our own clients' are read. `malformed_json`. */
orders_problem_t *orders_paypal_json(const json_t **root, apr_pool_t *pool, const char *text,
                                     apr_size_t length) ORDERS_MUSTCHECK;

/** The value at a path of names and of indexes, "purchase_units.0.amount"; NULL when there is none. */
const json_t *orders_paypal_at(const json_t *json, const char *path);

/** The same, of a string that is not empty; NULL for anything else. */
const char *orders_paypal_text(const json_t *json, const char *path);

/** The `href` of the first of an object's `links` with this `rel`, or NULL. */
const char *orders_paypal_link(const json_t *json, const char *rel);

/** Letters, digits and dashes, at most 64: fit for a path. */
bool orders_paypal_id_ok(const char *id);

#endif
