/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A file of an export while it is written: under a temporary name, readable by its owner only. It gets its name when its contents are on the
 * disk. One thread uses it.
 */
#ifndef ORDERS_WORKER_EXPORT_FILE_H
#define ORDERS_WORKER_EXPORT_FILE_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/** The temporary name is the name with this suffix. */
#define ORDERS_EXPORT_PART ".part"

typedef struct orders_export_file_writer_t orders_export_file_writer_t;

/** Why an attempt has failed: for operators, and in detail for the log. */
typedef struct orders_export_fault_t {
    const char *code, *message;
    const char *log;
} orders_export_fault_t;

/** Creates the file. It is deleted with `pool`, unless it was finished. NULL: success, as of all functions with a fault. */
const orders_export_fault_t *orders_export_file_open(
    apr_pool_t *pool, const char *directory, const char *name,
    orders_export_file_writer_t **writer) ORDERS_MUSTCHECK;

/** Appends to the buffer, which is written when it is full. */
const orders_export_fault_t *orders_export_file_add(orders_export_file_writer_t *writer,
                                                    const void *bytes,
                                                    apr_size_t length) ORDERS_MUSTCHECK;

/** Writes the contents to the disk, and gives the file its name. `*sha256`: of the contents, in hexadecimal digits. */
const orders_export_fault_t *orders_export_file_finish(orders_export_file_writer_t *writer,
                                                       const char **sha256) ORDERS_MUSTCHECK;

/** Deletes the finished file. */
void orders_export_file_remove(orders_export_file_writer_t *writer);

/** The bytes that were added. */
int64_t orders_export_file_size(const orders_export_file_writer_t *writer);

#endif
