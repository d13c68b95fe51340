/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "net/address.h"

#include "support.h"

typedef union address_t {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un local;
} address_t;

static address_t address_of(const char *text)
{
    address_t address = {.any = {.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET}};
    void *bytes = address.any.sa_family == AF_INET6 ? (void *)&address.ipv6.sin6_addr
                                                    : (void *)&address.ipv4.sin_addr;

    assert_int_equal(inet_pton(address.any.sa_family, text, bytes), 1);
    return address;
}

static void assert_public(bool expected, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const address_t address = address_of(list[i]);

        if (orders_address_is_public(&address.any) != expected) {
            fail_msg("%s is %spublic", list[i], expected ? "not " : "");
        }
    }
}

static void test_public_addresses(void **state)
{
    static const char *const list[] = {
        "1.0.0.0",          "8.8.8.8",         "9.255.255.255",     "11.0.0.0",
        "100.63.255.255",   "100.128.0.0",     "126.255.255.255",   "128.0.0.0",
        "169.253.255.255",  "169.255.0.0",     "172.15.255.255",    "172.32.0.0",
        "191.255.255.255",  "192.0.1.0",       "192.0.3.0",         "192.88.98.255",
        "192.88.100.0",     "192.167.255.255", "192.169.0.0",       "198.17.255.255",
        "198.20.0.0",       "198.51.99.255",   "198.51.101.0",      "203.0.112.255",
        "203.0.114.0",      "223.255.255.255", "2001:200::1",       "2001:4860:4860::8888",
        "2001:db7:ffff::1", "2001:db9::1",     "2003::1",           "2606:4700::1111",
        "3ffe:ffff::1",     "3fff:1000::1",    "::ffff:8.8.8.8",    "64:ff9b::8.8.8.8",
        "2001:0200::",      "2000:ffff::1",    "2a00:1450:4001::1",
    };
    assert_public(true, list, COUNT(list));
}

static const char *const special_ipv4[] = {
    "0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",  "100.64.0.0",
    "100.127.255.255", "127.0.0.1",       "127.255.255.255", "169.254.0.0",     "169.254.169.254",
    "169.254.255.255", "172.16.0.0",      "172.31.255.255",  "192.0.0.0",       "192.0.0.170",
    "192.0.2.1",       "192.88.99.1",     "192.168.0.0",     "192.168.255.255", "198.18.0.0",
    "198.19.255.255",  "198.51.100.7",    "203.0.113.9",     "224.0.0.1",       "239.255.255.255",
    "240.0.0.1",       "255.255.255.255",
};

/* Unspecified, loopback, link-local, unique local, multicast, documentation, embedded IPv4, transition mechanisms. */
static const char *const special_ipv6[] = {
    "::",
    "::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "100::1",
    "4000::1",
    "5f00::1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "2001::1",
    "2001:0:4136:e378::1",
    "2001:10::1",
    "2001:20::1",
    "2001:2::1",
    "2002:808:808::1",
    "2002:a00:1::1",
};

static void test_addresses_that_are_not_public(void **state)
{
    assert_public(false, special_ipv4, COUNT(special_ipv4));
    assert_public(false, special_ipv6, COUNT(special_ipv6));
}

static void test_other_families_are_not_public(void **state)
{
    const address_t local = {.local = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"}};

    assert_false(orders_address_is_public(&local.any));
    assert_false(orders_address_is_loopback(&local.any));
}

static void test_loopback_addresses(void **state)
{
    static const char *const loopback[] = {"127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"};
    static const char *const others[] = {
        "126.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "fe80::1", "::ffff:10.0.0.1"};

    for (size_t i = 0; i < COUNT(loopback); i++) {
        const address_t address = address_of(loopback[i]);
        assert_true(orders_address_is_loopback(&address.any));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        const address_t address = address_of(others[i]);
        assert_false(orders_address_is_loopback(&address.any));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_public_addresses),
        TEST(test_addresses_that_are_not_public),
        TEST(test_other_families_are_not_public),
        TEST(test_loopback_addresses),
    };

    return RUN(tests);
}
