/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of webhook endpoints. */
#include "support.h"

#include "webhooks/secret.h"

static const unsigned char server[] = "0123456789abcdef0123456789abcdef";
static const unsigned char uuid[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const unsigned char salt[] = {17, 18, 19, 20, 21, 22, 23, 24,
                                     25, 26, 27, 28, 29, 30, 31, 32};

static const char *secret_of(const unsigned char *server_secret, const unsigned char *id,
                             const unsigned char *with)
{
    unsigned char key[ORDERS_WEBHOOK_KEY_SIZE];

    assert_true(orders_webhook_key(key, server_secret, 32, id, with));
    return orders_webhook_secret_text(pool, key);
}

/* The base64 of `openssl dgst -sha256 -hmac` over "webhook", NUL, the UUID, NUL and the salt. */
static void derives_the_secret(void **state)
{
    assert_string_equal(secret_of(server, uuid, salt),
                        "whsec_GRqcHc7FcJ4uU2xUx+YbCnzxavTwDj55azXLEKa+IHI=");
}

static void depends_on_server_endpoint_and_salt(void **state)
{
    const unsigned char other[] = "0123456789abcdef0123456789abcdeg";
    const char *secret = secret_of(server, uuid, salt);

    assert_string_equal(secret_of(server, uuid, salt), secret);
    assert_string_not_equal(secret_of(other, uuid, salt), secret);
    assert_string_not_equal(secret_of(server, salt, salt), secret);
    assert_string_not_equal(secret_of(server, uuid, uuid), secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(derives_the_secret),
        TEST(depends_on_server_endpoint_and_salt),
    };

    return RUN(tests);
}
