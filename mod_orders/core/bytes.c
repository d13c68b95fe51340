/* SPDX-License-Identifier: Apache-2.0 */
#include "core/bytes.h"

#include <string.h>

#define FIRST_ROOM 4096

void orders_bytes_add(orders_bytes_t *bytes, const void *data, apr_size_t length)
{
    apr_size_t room = bytes->room ? bytes->room : FIRST_ROOM;
    unsigned char *moved;

    if (!length) {
        return;
    }
    if (length > bytes->room - bytes->length) {
        while (length > room - bytes->length) {
            room *= 2;
        }
        moved = apr_palloc(bytes->pool, room);
        if (bytes->length) {
            memcpy(moved, bytes->data, bytes->length);
        }
        bytes->data = moved;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}
