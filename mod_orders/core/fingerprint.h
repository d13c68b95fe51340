/* SPDX-License-Identifier: Apache-2.0 */
/** The fingerprint of a request. Two requests with one idempotency key must have the same fingerprint. */
#ifndef ORDERS_CORE_FINGERPRINT_H
#define ORDERS_CORE_FINGERPRINT_H

#include "core/call.h"
#include "core/digest.h"

/**
 * SHA-256 over method, route, path parameters, and the fields of query and body, each with its length, in canonical order and form. It compares
 * decoded values, not their spelling: JSON, forms and multipart forms with the same fields have the same fingerprint, and the spelling of numbers, escapes,
 * white space, boundaries and members that the decoder treats as absent (null) make no difference. `idempotency_key` and `api_key` are excluded. Bodies of
 * raw routes are compared byte by byte. Call it after the body was decoded, because the field tables give the types.
 */
orders_problem_t *orders_fingerprint(unsigned char out[ORDERS_SHA256_SIZE],
                                     const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
