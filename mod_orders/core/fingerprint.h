/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a request asks for, in 32 bytes: two requests with one idempotency key must agree in it.
 */
#ifndef ORDERS_CORE_FINGERPRINT_H
#define ORDERS_CORE_FINGERPRINT_H

#include "core/call.h"
#include "core/digest.h"

/** SHA-256 over method, route, path parameters, raw query, content type and raw body, each with its length. */
orders_problem_t *orders_fingerprint(unsigned char out[ORDERS_SHA256_SIZE],
                                     const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
