/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Runs other programs on files that the tests have written.
 */
#ifndef ORDERS_UNIT_TOOLS_H
#define ORDERS_UNIT_TOOLS_H

#include "support.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/bytes.h"

/** Skips the test, with a message on stderr, if the program is not installed. */
static inline void need_tool(const char *program)
{
    if (system(apr_pstrcat(pool, "command -v ", program, " >/dev/null", NULL))) {
        fprintf(stderr, "# SKIPPED: %s is not installed, the output is not checked\n", program);
        skip();
    }
}

/** The output of a command, NUL-terminated. */
static inline orders_bytes_t output_of(const char *command)
{
    orders_bytes_t output = {.pool = pool};
    char block[4096];
    FILE *pipe = popen(command, "r");
    size_t length;

    assert_non_null(pipe);
    while ((length = fread(block, 1, sizeof(block), pipe)) > 0) {
        orders_bytes_add(&output, block, length);
    }
    assert_int_equal(pclose(pipe), 0);
    orders_bytes_add(&output, "", 1);
    return output;
}

/** The output of a command for a file with these bytes. %s in the command is replaced by the name of the file. */
static inline const char *seen_by(const char *command, const void *bytes, size_t length)
{
    char name[] = "/tmp/orders-unit.XXXXXX";
    int file = mkstemp(name);
    const char *at = strstr(command, "%s");
    orders_bytes_t output;

    assert_true(file >= 0);
    assert_non_null(at);
    assert_int_equal(write(file, bytes, length), (ssize_t)length);
    close(file);
    output = output_of(apr_pstrcat(pool, apr_pstrmemdup(pool, command, (size_t)(at - command)),
                                   name, at + 2, NULL));
    unlink(name);
    return (const char *)output.data;
}

#endif
