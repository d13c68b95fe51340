/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's transaction search (GET /v1/reporting/transactions): the records of the account.
 *
 * PayPal lists a transaction within three hours, accepts at most 31 days per request, and refuses a period with more than 10,000 transactions.
 * A period is therefore read in windows. A window that PayPal refuses is halved.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_SEARCH_H
#define ORDERS_PAYMENTS_PAYPAL_SEARCH_H

#include "payments/provider.h"

/** As in orders_provider_t. `provider_refused` with PayPal's code, if the app lacks the permission to search. */
orders_problem_t *orders_paypal_list_transactions(const orders_channel_t *channel, apr_pool_t *pool,
                                                  const orders_listing_request_t *request,
                                                  orders_listing_t *listing) ORDERS_MUSTCHECK;

/** The period and page of a request, in seconds since 1970. Its text form is the `page` of orders_listing_request_t. */
typedef struct orders_paypal_window_t {
    int64_t start, end;
    int64_t limit; /**< the end of the last window */
    int64_t page;  /**< of the window, from 1 */
} orders_paypal_window_t;

/**
 * The window of a request at the time `now`. `end` <= `start`: nothing in the period is listed yet. `provider_refused`: the page
 * of the request is malformed.
 */
orders_problem_t *orders_paypal_window_read(orders_paypal_window_t *window, apr_pool_t *pool,
                                            const orders_listing_request_t *request,
                                            apr_time_t now) ORDERS_MUSTCHECK;

/** Parses a page of a window. `provider_unreachable`: malformed, or PayPal's records do not reach the end of the window yet. */
orders_problem_t *orders_paypal_search_read(orders_listing_t *listing, apr_pool_t *pool,
                                            const orders_paypal_window_t *window, int32_t tenant,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/** Maps an error reply. RESULTSET_TOO_LARGE is no problem: the listing is empty, and its next page is the first half of the window. */
orders_problem_t *orders_paypal_search_refused(orders_listing_t *listing, apr_pool_t *pool,
                                               const orders_paypal_window_t *window, long status,
                                               const char *text,
                                               apr_size_t length) ORDERS_MUSTCHECK;

#endif
