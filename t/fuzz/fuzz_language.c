/* SPDX-License-Identifier: Apache-2.0 */
/* Accept-Language. */
#include "support.h"

#include <ctype.h>
#include <stdbool.h>

#include "core/language.h"

static void check_tag(const char *tag)
{
    size_t length = strlen(tag);
    HOLDS(length > 0 && length <= 35 && isalpha((unsigned char)tag[0]) && tag[length - 1] != '-');
    for (const char *at = tag; *at; at++) {
        HOLDS(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '-');
    }
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    char *header = fuzz_string(text, length);
    apr_array_header_t *languages = orders_languages(pool, header, "id");
    bool fallback = false;
    HOLDS(languages->nelts > 0 && languages->nelts <= ORDERS_MAX_LANGUAGES);
    for (int i = 0; i < languages->nelts; i++) {
        const char *tag = APR_ARRAY_IDX(languages, i, const char *);
        check_tag(tag);
        fallback = fallback || strcmp(tag, "id") == 0;
        for (int j = 0; j < i; j++) {
            HOLDS(strcmp(tag, APR_ARRAY_IDX(languages, j, const char *)) != 0);
        }
    }
    HOLDS(fallback);
    free(header);
}
