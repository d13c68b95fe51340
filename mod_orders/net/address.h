/* SPDX-License-Identifier: Apache-2.0 */
/** Which network addresses are public, for calls to hosts that users of an API have named. */
#ifndef ORDERS_NET_ADDRESS_H
#define ORDERS_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * Whether the address is globally reachable unicast, by the special-purpose registries of IANA (RFC 6890). For an IPv4 address that is
 * embedded as IPv4-mapped (::ffff:0:0/96) or NAT64 (64:ff9b::/96), the embedded address decides. Addresses of transition mechanisms that
 * use other routers (6to4, Teredo) are not public. False for other families.
 */
bool orders_address_is_public(const struct sockaddr *address);

/** 127.0.0.0/8 and ::1, also IPv4-mapped. */
bool orders_address_is_loopback(const struct sockaddr *address);

#endif
