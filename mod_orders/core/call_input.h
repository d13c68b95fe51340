/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decodes the input of a request by the tables of its route: the fields of the body and of the query string, the page of a list.
 *
 * Handlers use these functions and no other tables, so that the row of the route describes the whole input. One exception: the
 * table of a catalogue entry is selected by the kind in the path or in a line of a bulk.
 */
#ifndef ORDERS_CORE_CALL_INPUT_H
#define ORDERS_CORE_CALL_INPUT_H

#include "core/call.h"

/**
 * Parses the body (core/input_body.h). It may be empty unless the route has ORDERS_BODY_REQUIRED. `unsupported_media_type`
 * includes a type that is not in `route->media`.
 */
orders_problem_t *orders_call_body(orders_input_t **input, orders_call_t *call) ORDERS_MUSTCHECK;
/** Decodes the input by `route->fields`; see orders_fields_decode. */
orders_problem_t *orders_call_decode(const orders_call_t *call, const orders_input_t *input,
                                     void *into) ORDERS_MUSTCHECK;
/**
 * Decodes the members of the object field `name` by the `members` of its row in `route->fields`; see orders_input_members. For
 * handlers that need the problems of the members apart from those of the other fields: the row of the object is LENIENT.
 */
orders_problem_t *orders_call_decode_members(const orders_call_t *call, const orders_input_t *input,
                                             const char *name, void *into) ORDERS_MUSTCHECK;
/** Parses and decodes the body, for handlers that do not need the input itself. */
orders_problem_t *orders_call_read(orders_call_t *call, void *into) ORDERS_MUSTCHECK;

/** Parse the query string, and decode it by `route->query`. */
orders_problem_t *orders_call_query(orders_input_t **input,
                                    const orders_call_t *call) ORDERS_MUSTCHECK;
orders_problem_t *orders_call_decode_query(const orders_call_t *call, const orders_input_t *query,
                                           void *into) ORDERS_MUSTCHECK;
/** The page by `route->pages`; see orders_page_read. */
orders_problem_t *orders_call_page(orders_page_t *page, const orders_call_t *call,
                                   const orders_input_t *query,
                                   const char *context) ORDERS_MUSTCHECK;

#endif
