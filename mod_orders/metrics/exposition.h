/* SPDX-License-Identifier: Apache-2.0 */
/** The metrics of this server as text. */
#ifndef ORDERS_METRICS_EXPOSITION_H
#define ORDERS_METRICS_EXPOSITION_H

#include "metrics/text_format.h"

/** Values that are not in the shared memory. */
typedef struct orders_metrics_view_t {
    bool api[ORDERS_METRICS_APIS]; /**< by orders_metrics_api_index(): the server serves this API */
    int schema_oldest, schema_newest;
} orders_metrics_view_t;

/** Writes all metrics. Routes of APIs that are not served, and histograms without a value, are omitted. */
void orders_metrics_write(orders_metrics_writer_t *writer, const orders_metrics_view_t *view);

#endif
