/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The body of a call as an input, by its content type: JSON, a form, or a multipart form.
 */
#ifndef ORDERS_CORE_INPUT_BODY_H
#define ORDERS_CORE_INPUT_BODY_H

#include "core/call.h"
#include "core/fields.h"

/**
 * With `allow_empty`, an absent body is an empty object. `unsupported_media_type` for other types. Sets call->input, which the
 * fingerprint reads.
 */
orders_problem_t *orders_input_body(orders_input_t **input, orders_call_t *call,
                                    bool allow_empty) ORDERS_MUSTCHECK;

#endif
