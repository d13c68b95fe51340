/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scope.h"

#include <string.h>

#include "core/call.h"

static const char *const names[ORDERS_SCOPE__COUNT] = {
#define X(name, text) [ORDERS_SCOPE_INDEX_##name] = text,
    ORDERS_SCOPES(X)
#undef X
};

bool orders_scope_add(unsigned *scopes, const char *name, size_t length)
{
    for (unsigned i = 0; i < ORDERS_SCOPE__COUNT; i++) {
        if (strlen(names[i]) == length && !strncmp(names[i], name, length)) {
            *scopes |= 1u << i;
            return true;
        }
    }
    return false;
}

const char *orders_scope_name(unsigned index)
{
    return index < ORDERS_SCOPE__COUNT ? names[index] : NULL;
}

unsigned orders_scopes_held(unsigned scopes)
{
    return scopes & ORDERS_SCOPE_OPERATOR ? scopes | ORDERS_SCOPES_OPERATOR_PARTS : scopes;
}
