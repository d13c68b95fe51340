/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/return_url.h"

#include <string.h>
#include <strings.h>

#define SCHEME "https://"

/* Texts that browsers interpret as a step to the parent, interpret as a separator, or remove. */
static const char *const deceptive[] = {"..", "%2e", "\\", " ", "\t", "\n", "\r", NULL};

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text; text++) {
        if (strncasecmp(text, part, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_below(const char *url, const char *prefix)
{
    size_t length = strlen(prefix);
    if (length <= strlen(SCHEME) || strncmp(url, prefix, length) != 0) {
        return false;
    }
    return prefix[length - 1] == '/' ||
           strchr("/?#", url[length]) != NULL; /* strchr() also finds the end of the URL */
}

bool orders_return_url_allowed(const char *url, const apr_array_header_t *prefixes)
{
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0) {
        return false;
    }
    for (int i = 0; deceptive[i]; i++) {
        if (contains(url, deceptive[i])) {
            return false;
        }
    }
    for (int i = 0; prefixes && i < prefixes->nelts; i++) {
        if (is_below(url, APR_ARRAY_IDX(prefixes, i, const char *))) {
            return true;
        }
    }
    return false;
}
