/* SPDX-License-Identifier: Apache-2.0 */
/* The rule for the URLs of webhook endpoints. */
#include "support.h"

#include "webhooks/url.h"

static const apr_array_header_t *allowed_hosts(void)
{
    apr_array_header_t *hosts = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(hosts, const char *) = "10.1.2.3";
    APR_ARRAY_PUSH(hosts, const char *) = "[fd00::1]";
    return hosts;
}

static bool is_accepted(const char *url)
{
    return !orders_webhook_url_check(url, NULL);
}

static bool is_private(const char *url)
{
    const char *message = orders_webhook_url_check(url, NULL);

    return message && strstr(message, "not public");
}

static void accepts_public_urls(void **state)
{
    assert_true(is_accepted("https://hooks.example/orders"));
    assert_true(is_accepted("https://hooks.example:8443"));
    assert_true(is_accepted("https://hooks.example/?token=a%20b&x=[1]"));
    assert_true(is_accepted("https://93.184.215.14/"));
    assert_true(is_accepted("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/"));
    assert_true(is_accepted("HTTPS://HOOKS.EXAMPLE/"));
}

static void accepts_loopback_for_trying_out(void **state)
{
    assert_true(is_accepted("http://127.0.0.1:8480/"));
    assert_true(is_accepted("http://localhost/hook?x=1"));
    assert_true(is_accepted("http://[::1]/"));
    assert_true(is_accepted("https://127.0.0.1/"));
    assert_false(is_accepted("http://hooks.example/"));
    assert_false(is_accepted("http://127.0.0.1.example/"));
}

static void refuses_other_forms(void **state)
{
    assert_false(is_accepted(""));
    assert_false(is_accepted("hooks.example"));
    assert_false(is_accepted("/orders"));
    assert_false(is_accepted("ftp://hooks.example/"));
    assert_false(is_accepted("https:/hooks.example/"));
    assert_false(is_accepted("https:///orders"));
    assert_false(is_accepted("https://user@hooks.example/"));
    assert_false(is_accepted("https://user:password@hooks.example/"));
    assert_false(is_accepted("https://hooks.example/#part"));
    assert_false(is_accepted("https://hooks.example/?x#part"));
    assert_false(is_accepted("https://hooks.example:99999/"));
    assert_false(is_accepted("https://hooks.example/a b"));
    assert_false(is_accepted("https://hooks.example/\xC3\xBC"));
    assert_false(is_accepted("https://b\xC3\xBC"
                             "cher.example/"));
    assert_false(is_accepted("https://hooks.example/\x7F"));
}

static void refuses_private_addresses(void **state)
{
    assert_true(is_private("https://10.1.2.3/"));
    assert_true(is_private("https://192.168.0.1:8443/?x"));
    assert_true(is_private("https://169.254.169.254/latest/"));
    assert_true(is_private("https://100.64.0.1/"));
    assert_true(is_private("https://0.0.0.0/"));
    assert_true(is_private("https://[fd00::1]/"));
    assert_true(is_private("https://[fe80::1%25eth0]/"));
    assert_true(is_private("https://[::ffff:10.1.2.3]/"));
    assert_true(is_private("https://[64:ff9b::10.1.2.3]/"));
}

static void refuses_private_addresses_in_other_notations(void **state)
{
    assert_true(is_private("https://167838211/"));
    assert_true(is_private("https://0x0a010203/"));
    assert_true(is_private("https://012.1.2.3/"));
    assert_true(is_private("https://10.66051/"));
    assert_true(is_private("https://%31%30.1.2.3/"));
}

static void accepts_allowed_hosts(void **state)
{
    const apr_array_header_t *hosts = allowed_hosts();

    assert_null(orders_webhook_url_check("https://10.1.2.3/orders", hosts));
    assert_null(orders_webhook_url_check("https://[FD00::1]/", hosts));
    assert_non_null(orders_webhook_url_check("https://10.1.2.4/", hosts));
    assert_non_null(orders_webhook_url_check("http://10.1.2.3/", hosts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepts_public_urls),
        TEST(accepts_loopback_for_trying_out),
        TEST(refuses_other_forms),
        TEST(refuses_private_addresses),
        TEST(refuses_private_addresses_in_other_notations),
        TEST(accepts_allowed_hosts),
    };

    return RUN(tests);
}
