/* SPDX-License-Identifier: Apache-2.0 */
/** Writes the rows of an export as CSV or NDJSON. The columns of the result are the columns of the file. */
#ifndef ORDERS_WORKER_EXPORT_ROWS_H
#define ORDERS_WORKER_EXPORT_ROWS_H

#include <libpq-fe.h>

#include "core/csv.h"
#include "worker/export_file.h"

typedef struct orders_export_rows_t {
    orders_export_file_writer_t *file;
    bool is_csv;
    bool has_header; /**< of CSV: the names of the columns were written */
    int64_t count;
    apr_pool_t *scratch; /**< cleared for each row */
    orders_csv_writer_t csv;
} orders_export_rows_t;

void orders_export_rows_open(orders_export_rows_t *rows, apr_pool_t *pool,
                             orders_export_file_writer_t *file, bool is_csv);

/** Writes the rows of a result in text format, and the header before the first one, also if there are no rows. */
const orders_export_fault_t *orders_export_rows_add(orders_export_rows_t *rows,
                                                    const PGresult *result) ORDERS_MUSTCHECK;

#endif
