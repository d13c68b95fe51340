/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the fuzz targets of the core share. A target's input is copied to memory of its exact size, so that a step too far
 * is seen by the address sanitizer.
 */
#ifndef ORDERS_FUZZ_SUPPORT_H
#define ORDERS_FUZZ_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

/** Stops the run, also where assert() is compiled away. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What a target does with one input; `text` ends where `length` says, without a NUL. */
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

/** The input as a string in memory of its own; it may hold NULs before its end. */
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
