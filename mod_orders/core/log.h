/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Logging for code that does not include headers of httpd; httpd/ provides the function that writes the lines.
 * Never log tokens, keys, mail addresses or bodies. The level is checked before the message is formatted.
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
    struct orders_troubles_t *troubles; /**< repeated errors (core/trouble.h); or NULL */
} orders_log_t;

/** Logs a message if `log` is not NULL and the level is enabled. */
void orders_log(const orders_log_t *log, orders_level_e level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
