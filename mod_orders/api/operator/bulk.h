/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bulk requests: a body of NDJSON, stored in chunks, with a result for each line. The lines of a chunk are stored in one transaction, so that an
 * interrupted request loses one chunk at most.
 */
#ifndef ORDERS_API_OPERATOR_BULK_H
#define ORDERS_API_OPERATOR_BULK_H

#include "api/operator/operator.h"
#include "store/operation.h"

typedef struct orders_bulk_line_t {
    const char *text;                /**< a JSON object */
    const orders_problem_t *problem; /**< why the line is not sent to the database, or NULL */
    const char *field;               /**< that the problem is about, or NULL */
    const char *kind, *ref;          /**< as the line states them; NULL: not at all */
    int number;                      /**< in the body, from 1; blank lines count */
} orders_bulk_line_t;

/** What a route does with the lines of its body. */
typedef struct orders_bulk_rules_t {
    /** Reads kind and ref of a line, and sets the problem and its field if the line is refused. */
    void (*check)(orders_bulk_line_t *line, const orders_input_t *input, apr_pool_t *pool);
    /** Stores a chunk in one transaction. `*results`: one orders_stored_t per line, in their order. */
    orders_problem_t *(*store)(const orders_writer_t *writer, const char *const *lines, int count,
                               apr_array_header_t **results);
    /** Writes the members that identify a line in the response. */
    void (*write_subject)(orders_json_t *json, const orders_bulk_line_t *line);
    /** Writes further members of a line that was stored; NULL: none. */
    void (*write_stored)(orders_json_t *json, const orders_stored_t *stored);
    bool dry_chunks; /**< a dry run takes any number of lines: each chunk is rolled back */
} orders_bulk_rules_t;

/** Sets the problem of a line. `field`: NULL takes the first field of the problem, if it has one. */
void orders_bulk_refuse(orders_bulk_line_t *line, const orders_problem_t *problem,
                        const char *field);

/** A line that cannot be stored is reported in its result and leaves the others. The problem of a chunk ends the request. */
orders_problem_t *orders_operator_bulk_reply(orders_call_t *call, orders_reply_t *reply,
                                             const orders_bulk_rules_t *rules) ORDERS_MUSTCHECK;

#endif
