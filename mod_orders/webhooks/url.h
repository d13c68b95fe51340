/* SPDX-License-Identifier: Apache-2.0 */
/** The rule for the URLs of webhook endpoints. */
#ifndef ORDERS_WEBHOOKS_URL_H
#define ORDERS_WEBHOOKS_URL_H

#include <apr_tables.h>

/**
 * NULL, or a sentence that says why the URL is refused. It may have a query, in which receivers expect their own tokens, but no user,
 * password, fragment, space or character beyond ASCII. A host that is an address must be public; the address of a name is checked when it is connected to.
 * `allowed_hosts`: of const char *, in lower case, hosts whose address may be private; or NULL.
 */
const char *orders_webhook_url_check(const char *url, const apr_array_header_t *allowed_hosts);

#endif
