/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Shared by the fuzz targets of the core. The input of a target is copied to memory of its exact size, so that the address sanitizer
 * detects a read beyond its end.
 */
#ifndef ORDERS_FUZZ_SUPPORT_H
#define ORDERS_FUZZ_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

/** Stops the run if the condition is false, even if NDEBUG disables assert(). */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Defined by each target: tests one input. `text` has `length` bytes and no NUL at its end. */
static void fuzz_one(const char *text, size_t length, apr_pool_t *pool);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return apr_initialize();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    apr_pool_t *pool;

    if (!text || apr_pool_create(&pool, NULL)) {
        abort();
    }
    if (size) {
        memcpy(text, data, size);
    }
    fuzz_one(text, size, pool);
    apr_pool_destroy(pool);
    free(text);
    return 0;
}

/** A copy of the input with a NUL at its end. The input itself may contain NULs. The caller frees it. */
static inline char *fuzz_string(const char *text, size_t length)
{
    char *string = malloc(length + 1);

    if (!string) {
        abort();
    }
    memcpy(string, text, length);
    string[length] = '\0';
    return string;
}

#endif
