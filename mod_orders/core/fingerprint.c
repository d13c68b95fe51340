/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fingerprint.h"

#include <openssl/evp.h>
#include <string.h>

/** Adds a part; its length comes first, so that bytes cannot move from one part to the next. */
static bool add(EVP_MD_CTX *context, const char *part, apr_size_t length)
{
    uint64_t size = length;

    return EVP_DigestUpdate(context, &size, sizeof(size)) == 1 &&
           EVP_DigestUpdate(context, part ? part : "", length) == 1;
}

static bool add_text(EVP_MD_CTX *context, const char *part)
{
    return add(context, part, part ? strlen(part) : 0);
}

/** Which application asks, and whether for a user who came or in its own right: a key of one is none of another's. */
static bool add_application(EVP_MD_CTX *context, const orders_call_t *call)
{
    const orders_identity_t *application = call->application;
    int64_t user = application ? application->user_id : 0;
    char acting = application && call->identity == application;

    return add(context, (const char *)&user, sizeof(user)) && add(context, &acting, 1);
}

static bool add_call(EVP_MD_CTX *context, const orders_call_t *call)
{
    unsigned method = call->route->method;
    int index;

    if (!add(context, (const char *)&method, sizeof(method)) ||
        !add_text(context, call->route->name)) {
        return false;
    }
    for (index = 0; index < ORDERS_MAX_PARAMS; index++) {
        if (!add_text(context, call->param[index])) {
            return false;
        }
    }
    return add_text(context, call->query) && add_text(context, call->content_type) &&
           add(context, call->body, call->body_length) && add_application(context, call);
}

orders_problem_t *orders_fingerprint(unsigned char out[ORDERS_SHA256_SIZE],
                                     const orders_call_t *call)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                add_call(context, call) && EVP_DigestFinal_ex(context, out, NULL) == 1;

    EVP_MD_CTX_free(context);
    return done ? NULL : orders_problem(call->pool, ORDERS_E_internal_error, NULL);
}
