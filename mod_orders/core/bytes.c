/* SPDX-License-Identifier: Apache-2.0 */
#include "core/bytes.h"

#include <string.h>

#define INITIAL_CAPACITY 4096

void orders_bytes_add(orders_bytes_t *bytes, const void *data, apr_size_t length)
{
    apr_size_t capacity = bytes->capacity ? bytes->capacity : INITIAL_CAPACITY;
    unsigned char *larger;

    if (!length) {
        return;
    }
    if (length > bytes->capacity - bytes->length) {
        while (length > capacity - bytes->length) {
            capacity *= 2;
        }
        larger = apr_palloc(bytes->pool, capacity);
        if (bytes->length) {
            memcpy(larger, bytes->data, bytes->length);
        }
        bytes->data = larger;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}
