/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The syntax of mail addresses: RFC 5321 with the characters of RFC 6531 (internationalised addresses), without quoted local
 * parts, comments, display names and address literals. orders.is_mail_address is the same rule in SQL.
 */
#ifndef ORDERS_CORE_MAIL_ADDRESS_H
#define ORDERS_CORE_MAIL_ADDRESS_H

#include <apr.h>
#include <stdbool.h>

/** `address` is valid UTF-8, or NULL, which is not an address. */
bool orders_is_mail_address(const char *address);
/** The same, restricted to ASCII, which every mail server accepts. */
bool orders_is_ascii_mail_address(const char *address);
/** Whether a text is a dot-atom-text of RFC 5322, with the non-ASCII characters of RFC 6532. */
bool orders_is_dot_atom(const char *text, apr_size_t length);

#endif
