/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Scopes: bits (ORDERS_SCOPE_… of core/call.h) and their names.
 */
#ifndef ORDERS_CORE_SCOPE_H
#define ORDERS_CORE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

/** The scopes of the operator API, of which each of its routes needs one. */
#define ORDERS_SCOPES_OPERATOR_PARTS                                                               \
    (ORDERS_SCOPE_OPERATOR_READ | ORDERS_SCOPE_OPERATOR_FULFIL | ORDERS_SCOPE_OPERATOR_MONEY |     \
     ORDERS_SCOPE_OPERATOR_CATALOGUE | ORDERS_SCOPE_OPERATOR_ADMIN)

/** Adds the scope with this name of `length` bytes to `*scopes`. False: unknown name. */
bool orders_scope_add(unsigned *scopes, const char *name, size_t length);

/** The name of the scope with this index (ORDERS_SCOPE_INDEX_…), or NULL behind the last one. */
const char *orders_scope_name(unsigned index);

/** The scopes that a holder of `scopes` has: with ORDERS_SCOPE_OPERATOR, all parts of it. The reverse does not apply. */
unsigned orders_scopes_held(unsigned scopes);

#endif
