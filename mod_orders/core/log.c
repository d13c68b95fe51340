/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 1024 /* longer lines are cut */

void orders_log(const orders_log_t *log, orders_level_e level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    char *at;

    if (!log || !log->enabled(log->context, level)) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (at = line; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            *at = ' '; /* keeps the message on one line */
        }
    }
    log->write(log->context, level, line);
}
