/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes metrics as text: the Prometheus text format 0.0.4, or OpenMetrics 1.0.
 * https://prometheus.io/docs/instrumenting/exposition_formats/, https://github.com/prometheus/OpenMetrics
 *
 * Call orders_metrics_begin() for each family, then the functions that write its samples, and orders_metrics_end() after the last family.
 */
#ifndef ORDERS_METRICS_TEXT_FORMAT_H
#define ORDERS_METRICS_TEXT_FORMAT_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "metrics/families.h"
#include "metrics/metrics.h"

/** Values of the header Content-Type. */
#define ORDERS_METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define ORDERS_METRICS_OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef struct orders_metrics_writer_t {
    orders_bytes_t out;
    bool open_metrics;
    orders_metric_e family; /**< of the following samples */
} orders_metrics_writer_t;

/** A label. It is omitted if `value` is NULL. */
typedef struct orders_metric_label_t {
    const char *name, *value;
} orders_metric_label_t;

/** At most this many labels. The array given to a function has this length; unused elements are zero. */
#define ORDERS_MAX_LABELS 3

/** Whether a client with this header Accept (NULL: none) prefers OpenMetrics to the text format. A malformed part is ignored. */
bool orders_metrics_prefers_open(const char *accept);

void orders_metrics_begin(orders_metrics_writer_t *writer, orders_metric_e family);
void orders_metrics_write_count(orders_metrics_writer_t *writer,
                                const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                uint64_t value);
void orders_metrics_write_int(orders_metrics_writer_t *writer,
                              const orders_metric_label_t labels[ORDERS_MAX_LABELS], int64_t value);
/** A value in seconds. `microseconds` may be an apr_time_t. */
void orders_metrics_write_seconds(orders_metrics_writer_t *writer,
                                  const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                  int64_t microseconds);
void orders_metrics_write_histogram(orders_metrics_writer_t *writer,
                                    const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                                    const orders_histogram_t *histogram);
void orders_metrics_end(orders_metrics_writer_t *writer);

#endif
