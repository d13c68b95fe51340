/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Addresses at which the bill of an order is served to whoever has them, for a while: they name the order and the end of
 * their time, and are signed (see core/link_token.h). Nothing of them is stored.
 */
#ifndef ORDERS_API_CUSTOMER_BILL_LINK_H
#define ORDERS_API_CUSTOMER_BILL_LINK_H

#include "core/call_input.h"

/** The query of such an address. */
extern const orders_field_table_t orders_bill_link_query;

/** Public URL, mount and `/e-bill/57/pdf?expires=…&signature=…`, valid from now on for OrdersBillLinkLifetime. `not_configured`. */
orders_problem_t *orders_bill_link_url(const char **url, int64_t order_id,
                                       const orders_call_t *call) ORDERS_MUSTCHECK;

/** The order that a call of such an address may see: `forbidden` with another signature, `link_expired`, `not_configured`. */
orders_problem_t *orders_bill_link_read(int64_t *order_id, const char *id,
                                        const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
