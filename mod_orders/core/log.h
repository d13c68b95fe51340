/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Logging for code that does not know httpd: the glue injects where lines go. Never log tokens, keys, mail addresses or
 * bodies. The level is checked before anything is formatted.
 */
#ifndef ORDERS_CORE_LOG_H
#define ORDERS_CORE_LOG_H

#include <stdbool.h>

typedef enum {
    ORDERS_LOG_ERROR,
    ORDERS_LOG_WARNING,
    ORDERS_LOG_NOTICE,
    ORDERS_LOG_INFO,
    ORDERS_LOG_DEBUG
} orders_level_e;

typedef struct orders_log_t {
    void *context;
    bool (*enabled)(void *context, orders_level_e level);
    void (*write)(void *context, orders_level_e level, const char *line);
    struct orders_troubles_t *troubles; /**< trouble that repeats (core/trouble.h); or NULL */
} orders_log_t;

/** Formats and writes when `log` is not NULL and the level is on. */
void orders_log(const orders_log_t *log, orders_level_e level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
