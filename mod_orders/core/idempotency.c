/* SPDX-License-Identifier: Apache-2.0 */
#include "core/idempotency.h"

#include <stdbool.h>
#include <string.h>

#define MAX_KEY 255

static bool valid(const char *key)
{
    apr_size_t length = 0;

    for (; key[length]; length++) {
        if (key[length] <= ' ' || key[length] > '~' || length == MAX_KEY) {
            return false;
        }
    }
    return length > 0;
}

orders_problem_t *orders_idempotency_key(const char **key, apr_pool_t *pool, const char *header,
                                         const char *field)
{
    const char *in_body = field && *field ? field : NULL;

    *key = NULL;
    if ((header && !valid(header)) || (in_body && !valid(in_body))) {
        return orders_problem(pool, ORDERS_E_invalid_idempotency_key,
                              "The idempotency key must have 1 to 255 visible ASCII characters.");
    }
    if (header && in_body && strcmp(header, in_body) != 0) {
        return orders_problem(pool, ORDERS_E_idempotency_key_mismatch, NULL);
    }
    *key = header ? header : in_body;
    return NULL;
}
