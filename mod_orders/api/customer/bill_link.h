/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Signed URLs of the bill of an order (see core/link_token.h). A URL contains the id of the order and its expiry, and is not stored.
 * Until it expires, the bill can be read with the URL alone.
 */
#ifndef ORDERS_API_CUSTOMER_BILL_LINK_H
#define ORDERS_API_CUSTOMER_BILL_LINK_H

#include "core/call_input.h"

/** The query of the URL. */
extern const orders_field_table_t orders_bill_link_query;

/**
 * OrdersPublicURL, the mount and `/e-bill/57/pdf?expires=…&signature=…`. The URL expires after OrdersBillLinkLifetime.
 * `not_configured`.
 */
orders_problem_t *orders_bill_link_url(const char **url, int64_t order_id,
                                       const orders_call_t *call) ORDERS_MUSTCHECK;

/**
 * Verifies the URL of a call and returns the id of its order. `forbidden` if the signature is wrong, `link_expired`,
 * `not_configured`.
 */
orders_problem_t *orders_bill_link_read(int64_t *order_id, const char *id,
                                        const orders_call_t *call) ORDERS_MUSTCHECK;

#endif
