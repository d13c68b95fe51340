/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

typedef struct ipv4_range_t {
    uint8_t prefix[4];
    int bits;
} ipv4_range_t;

typedef struct ipv6_range_t {
    uint8_t prefix[16];
    int bits;
} ipv6_range_t;

static const ipv4_range_t special_ipv4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* carrier-grade NAT */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, with the metadata services of clouds */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* IETF protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, and broadcast */
};

/** The only range of global unicast addresses; unique local, link-local and multicast addresses are outside. */
static const ipv6_range_t global_ipv6 = {{0x20}, 3};

static const ipv6_range_t special_ipv6[] = {
    {{0x20, 0x01}, 23},             /* IETF protocol assignments, with Teredo and ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static const ipv6_range_t mapped_ipv4 = {{[10] = 0xff, [11] = 0xff}, 96};
static const ipv6_range_t nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, int bits)
{
    const int whole = bits / 8, rest = bits % 8;

    return !memcmp(bytes, prefix, (size_t)whole) &&
           (!rest || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0);
}

static bool is_public_ipv4(const uint8_t bytes[4])
{
    for (size_t i = 0; i < sizeof special_ipv4 / sizeof *special_ipv4; i++) {
        if (has_prefix(bytes, special_ipv4[i].prefix, special_ipv4[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool is_in(const uint8_t bytes[16], const ipv6_range_t *range)
{
    return has_prefix(bytes, range->prefix, range->bits);
}

static bool is_public_ipv6(const uint8_t bytes[16])
{
    if (is_in(bytes, &mapped_ipv4) || is_in(bytes, &nat64)) {
        return is_public_ipv4(bytes + 12);
    }
    if (!is_in(bytes, &global_ipv6)) {
        return false;
    }
    for (size_t i = 0; i < sizeof special_ipv6 / sizeof *special_ipv6; i++) {
        if (is_in(bytes, &special_ipv6[i])) {
            return false;
        }
    }
    return true;
}

/** The bytes of an address in network order, 4 or 16; NULL for other families. */
static const uint8_t *ipv4_bytes(const struct sockaddr *address)
{
    return address->sa_family == AF_INET
               ? (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
               : NULL;
}

static const uint8_t *ipv6_bytes(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
               ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr
               : NULL;
}

bool orders_address_is_public(const struct sockaddr *address)
{
    const uint8_t *ipv4 = ipv4_bytes(address), *ipv6 = ipv6_bytes(address);

    return ipv4 ? is_public_ipv4(ipv4) : ipv6 && is_public_ipv6(ipv6);
}

bool orders_address_is_loopback(const struct sockaddr *address)
{
    const uint8_t *ipv4 = ipv4_bytes(address), *ipv6 = ipv6_bytes(address);

    if (ipv6 && is_in(ipv6, &mapped_ipv4)) {
        ipv4 = ipv6 + 12;
    }
    return ipv4 ? ipv4[0] == 127
                : ipv6 && !memcmp(ipv6, &in6addr_loopback, sizeof in6addr_loopback);
}
