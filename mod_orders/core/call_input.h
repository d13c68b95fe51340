/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a request contains, read by the tables of its route: the fields of the body and of the query string, the page of a list.
 *
 * A handler decodes with these functions and never with a table of its own, so that the row of the route is what applies. One
 * exception: the kind in the path, or in a line of a bulk, selects the table of an entry of the catalogue.
 */
#ifndef ORDERS_CORE_CALL_INPUT_H
#define ORDERS_CORE_CALL_INPUT_H

#include "core/call.h"

/**
 * Parses the body (core/input_body.h). It may be empty unless the row has ORDERS_BODY_REQUIRED. `unsupported_media_type` also
 * for a type that `route->media` does not have.
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
/** Parses and decodes the body, for handlers that need nothing else of the input. */
orders_problem_t *orders_call_read(orders_call_t *call, void *into) ORDERS_MUSTCHECK;

/** The same for the query string and `route->query`. */
orders_problem_t *orders_call_query(orders_input_t **input,
                                    const orders_call_t *call) ORDERS_MUSTCHECK;
orders_problem_t *orders_call_decode_query(const orders_call_t *call, const orders_input_t *query,
                                           void *into) ORDERS_MUSTCHECK;
/** The page by `route->pages`; see orders_page_read. */
orders_problem_t *orders_call_page(orders_page_t *page, const orders_call_t *call,
                                   const orders_input_t *query,
                                   const char *context) ORDERS_MUSTCHECK;

#endif
