/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a request asks for, in 32 bytes: two requests with one idempotency key must agree in it.
 */
#ifndef ORDERS_CORE_FINGERPRINT_H
#define ORDERS_CORE_FINGERPRINT_H

#include "core/call.h"
#include "core/digest.h"

/**
 * SHA-256 over method, route, path parameters, and the fields of query and body, each with its length, in one order and one
 * spelling: what two requests decode to is compared, not how they were written. JSON, forms and multipart forms with the
 * same fields agree; the spelling of numbers, escapes, white space, boundaries, and members that the decoder takes for
 * absent (null) make no difference. Neither do the members `idempotency_key` and `api_key`. The bodies of raw_body routes
 * are compared byte by byte. Call it after the body was decoded: the tables that decoded it know its types.
 */
orders_problem_t *orders_fingerprint(unsigned char out[ORDERS_SHA256_SIZE],
                                     const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
