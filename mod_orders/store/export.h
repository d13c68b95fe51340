/* SPDX-License-Identifier: Apache-2.0 */
/** Exports, for operators and for the worker. One round trip each. */
#ifndef ORDERS_STORE_EXPORT_H
#define ORDERS_STORE_EXPORT_H

#include "store/operation.h"

/** An export. Times and numbers are 0 for none. */
typedef struct orders_export_t {
    int64_t id;
    const unsigned char *public_id; /**< 16 bytes */
    const char *kind, *format;
    const char *state; /**< queued, running, done, failed, expired or deleted */
    apr_time_t from_at, to_at;
    int64_t requested_by;
    int64_t attempt; /**< of the last claim, which is a part of the name of the file */
    int64_t rows, bytes;
    const char *sha256;
    const char *error_code, *error_message; /**< of the last failed attempt */
    apr_time_t created_at, started_at, snapshot_at, finished_at, expires_at;
} orders_export_t;

typedef struct orders_written_export_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_export_t *export;
} orders_written_export_t;

/** An export that this worker has claimed. */
typedef struct orders_export_task_t {
    int64_t id;
    const unsigned char *public_id;
    const char *kind, *format;
    apr_time_t from_at, to_at; /**< 0: no bound */
    int64_t attempt;           /**< the number of the claim */
} orders_export_task_t;

/** A file, by the export and the claim that has written it. */
typedef struct orders_export_file_t {
    const unsigned char *export; /**< public_id */
    int64_t attempt;
    bool needed;
} orders_export_file_t;

extern const orders_row_type_t orders_export_type, orders_written_export_type,
    orders_export_task_type, orders_export_file_type;

typedef struct orders_create_export_t {
    const char *kind, *format;
    apr_time_t from, to; /**< 0: no bound */
} orders_create_export_t;

orders_problem_t *orders_export_create(const orders_writer_t *writer,
                                       const orders_create_export_t *create,
                                       orders_written_export_t **written) ORDERS_MUSTCHECK;
/** Errors: `not_found`. `export`: UUID as text. */
orders_problem_t *orders_export_read(const orders_reader_t *reader, const char *export,
                                     const orders_export_t **found) ORDERS_MUSTCHECK;
orders_problem_t *orders_export_delete(const orders_writer_t *writer, const char *export,
                                       orders_written_export_t **written) ORDERS_MUSTCHECK;

/** A page. Filters: NULL for any; `before_id` 0: from the newest. */
typedef struct orders_export_list_t {
    const char *kind, *state;
    int size;
    int64_t before_id;
} orders_export_list_t;

/** `*rows`: of orders_export_t. */
orders_problem_t *orders_export_list(const orders_reader_t *reader,
                                     const orders_export_list_t *list,
                                     apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** The size of the name of a file, with a NUL. */
#define ORDERS_EXPORT_NAME_SIZE 96

/** Writes the name of a file: 1-0d1f…-2.csv. */
void orders_export_write_name(char name[ORDERS_EXPORT_NAME_SIZE], int32_t tenant,
                              const unsigned char *public_id, int64_t attempt, const char *format);

/** Claims the export that is due, for `lease` seconds. `*task`: NULL if none is due. */
orders_problem_t *orders_export_claim(const orders_reader_t *reader, int lease,
                                      orders_export_task_t **task) ORDERS_MUSTCHECK;

/** The result of an attempt so far. */
typedef struct orders_export_progress_t {
    int64_t rows, bytes;
    const char *sha256; /**< of the complete file */
    apr_time_t snapshot_at;
} orders_export_progress_t;

/** `*owned`: false if the export was deleted, or claimed by another worker. */
orders_problem_t *orders_export_renew(const orders_reader_t *reader,
                                      const orders_export_task_t *task, int lease,
                                      const orders_export_progress_t *progress,
                                      bool *owned) ORDERS_MUSTCHECK;
/** Records the file, which is kept for some days. `*owned` as above. May be repeated. */
orders_problem_t *orders_export_finish(const orders_reader_t *reader,
                                       const orders_export_task_t *task,
                                       const orders_export_progress_t *progress, int kept_days,
                                       bool *owned) ORDERS_MUSTCHECK;
/** Ends the attempt. `code` NULL: it was interrupted, and another one begins at once. `*final`: it was the last one. */
orders_problem_t *orders_export_fail(const orders_reader_t *reader,
                                     const orders_export_task_t *task, const char *code,
                                     const char *message, bool *final) ORDERS_MUSTCHECK;

/** Marks the exports whose time has passed. `*count`: how many. */
orders_problem_t *orders_export_expire(const orders_reader_t *reader,
                                       int64_t *count) ORDERS_MUSTCHECK;

/** Looks the exports of files up. `files`: of orders_export_file_t. `*found`: those of exports that exist. */
orders_problem_t *orders_export_find_files(const orders_reader_t *reader,
                                           const apr_array_header_t *files,
                                           apr_array_header_t **found) ORDERS_MUSTCHECK;

#endif
