/* SPDX-License-Identifier: Apache-2.0 */
/** The rule for the URLs of webhook endpoints. */
#ifndef ORDERS_WEBHOOKS_URL_H
#define ORDERS_WEBHOOKS_URL_H

#include <apr_tables.h>

/**
 * NULL, or the reason why the URL is refused, as a sentence. The URL may have a query, for tokens of the receiver, but no user, password,
 * fragment, space or character beyond ASCII. A host that is an address must be public. The address of a host name is checked at the connection.
 * `allowed_hosts`: of const char *, in lower case, hosts whose address may be private; or NULL.
 */
const char *orders_webhook_url_check(const char *url, const apr_array_header_t *allowed_hosts);

#endif
