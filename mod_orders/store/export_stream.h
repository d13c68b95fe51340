/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The rows of an export: one statement on a connection of its own, which is neither in mod_dbd nor counted by the limiter. libpq delivers one
 * row at a time, so the memory does not depend on the number of rows. All rows are of one snapshot. One thread uses a stream.
 */
#ifndef ORDERS_STORE_EXPORT_STREAM_H
#define ORDERS_STORE_EXPORT_STREAM_H

#include "store/export.h"

typedef struct orders_export_stream_t orders_export_stream_t;

typedef struct orders_export_source_t {
    const char *conninfo;
    /** Whether the process is stopping: the functions then return within about 100 ms, after the connection was made. */
    bool (*is_stopping)(void *data);
    void *data;
} orders_export_source_t;

typedef enum {
    ORDERS_EXPORT_ROW,  /**< a row, or the columns of a result without rows */
    ORDERS_EXPORT_WAIT, /**< none has arrived for 100 ms, or the process is stopping */
    ORDERS_EXPORT_END,
    ORDERS_EXPORT_FAILED
} orders_export_event_e;

/**
 * Connects and sends the statement. The connection is closed with `pool`. `*stream`: NULL if the process is stopping. Errors:
 * `database_unavailable`, and those of the server.
 */
orders_problem_t *orders_export_stream_open(apr_pool_t *pool, const orders_export_source_t *source,
                                            int32_t tenant, const orders_export_task_t *task,
                                            orders_export_stream_t **stream) ORDERS_MUSTCHECK;

/**
 * `*row`: the result with the row, in text format, until the next call; times are UTC. `*problem`: of ORDERS_EXPORT_FAILED, in the pool of
 * the stream.
 */
orders_export_event_e orders_export_stream_next(orders_export_stream_t *stream,
                                                const PGresult **row, orders_problem_t **problem);

apr_time_t orders_export_stream_snapshot(const orders_export_stream_t *stream);

/** Ends the statement: the server notices within a second that the connection is closed. */
void orders_export_stream_close(orders_export_stream_t *stream);

#endif
