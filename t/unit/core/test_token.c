/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, base64url, tokens, fingerprints. */
#include "support.h"

#include <apr_strings.h>

#include "core/digest.h"
#include "core/fields.h"
#include "core/fingerprint.h"
#include "core/input_body.h"
#include "core/token.h"

static const orders_route_t route = {.name = "token.create", .method = ORDERS_POST};
static const orders_route_t other_route = {.name = "token.renew", .method = ORDERS_POST};
static const orders_settings_t settings = {
    .tenant = 1, .secret = (const unsigned char *)"0123456789abcdef", .secret_length = 16};
static const orders_identity_t identity = {.tenant = 1, .user_id = 7};

static orders_call_t sample(void)
{
    orders_call_t call = {.pool = pool,
                          .route = &route,
                          .param = {"57"},
                          .query = "a=1",
                          .content_type = "application/json",
                          .body = "{}",
                          .body_length = 2,
                          .identity = &identity,
                          .settings = &settings};

    return call;
}

static void matches_published_test_vectors(void **state)
{
    unsigned char out[ORDERS_SHA256_SIZE];

    assert_true(orders_sha256(out, "abc", 3));
    assert_string_equal(orders_hex(pool, out, sizeof(out)),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(orders_hmac_sha256(out, "Jefe", 4, "what do ya want for nothing?", 28));
    assert_string_equal(orders_hex(pool, out, sizeof(out)),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(orders_hmac_sha256(out, NULL, 0, "x", 1));
    assert_true(orders_bytes_equal("abc", "abc", 3));
    assert_false(orders_bytes_equal("abc", "abd", 3));
}

static void hashes_after_shutdown(void **state)
{
    unsigned char before[ORDERS_SHA256_SIZE], after[ORDERS_SHA256_SIZE];

    assert_true(orders_sha256(before, "abc", 3));
    orders_digest_shutdown();
    assert_true(orders_sha256(after, "abc", 3));
    assert_memory_equal(before, after, sizeof(after));
    orders_digest_shutdown();
}

static void writes_and_reads_base64url(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {{"", ""},           {"f", "Zg"},         {"fo", "Zm8"}, {"foo", "Zm9v"},
                 {"foob", "Zm9vYg"}, {"\xFB\xFF", "-_8"}, {"\xFF", "_w"}};
    static const char *const bad[] = {"Z", "Zh", "Zg==", "Zm9", "Z g", "Z+", "Z/", "Zm8\n"};
    unsigned char out[8];
    apr_size_t length;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        const unsigned char *bytes = (const unsigned char *)cases[index].bytes;

        assert_string_equal(orders_base64url(pool, bytes, strlen(cases[index].bytes)),
                            cases[index].text);
        assert_true(orders_base64url_decode(out, sizeof(out), &length, cases[index].text));
        assert_int_equal(length, strlen(cases[index].bytes));
        assert_memory_equal(out, bytes, length);
    }
    for (index = 0; index < COUNT(bad); index++) {
        assert_false(orders_base64url_decode(out, sizeof(out), &length, bad[index]));
    }
    assert_false(orders_base64url_decode(out, 2, &length, "Zm9v"));
}

static void makes_random_tokens(void **state)
{
    const char *one, *two;
    unsigned char hash[ORDERS_SHA256_SIZE];

    assert_null(orders_token_random(&one, 1, pool));
    assert_null(orders_token_random(&two, 1, pool));
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), 49);
    assert_memory_equal(one, "ord_1_", 6);
    assert_int_equal(orders_token_tenant(one), 1);
    assert_int_equal(strlen(orders_token_hint(pool, one)), 10);
    assert_memory_equal(orders_token_hint(pool, one), one, 10);
    assert_null(orders_token_random(&two, INT32_MAX, pool));
    assert_int_equal(strlen(two), 58);
    assert_int_equal(orders_token_tenant(two), INT32_MAX);
    assert_memory_equal(two, "ord_2147483647_", 15);
    assert_int_equal(strlen(orders_token_hint(pool, two)), 19);
    assert_null(orders_token_hash(hash, "abc", pool));
    assert_string_equal(orders_hex(pool, hash, 4), "ba7816bf");
}

static void a_token_names_its_tenant(void **state)
{
    static const struct {
        const char *token;
        int32_t tenant;
    } cases[] = {
        {"ord_1_x", 1},
        {"ord_42__", 42},
        {"ord_42_x_43_y", 42},
        {"ord_2147483647_x", INT32_MAX},
        {"ord_2147483648_x", 0},
        {"ord_4294967297_x", 0},
        {"ord_18446744073709551617_x", 0},
        {"ord_99999999999999999999999999999999999999999_x", 0},
        {"ord_0_x", 0},
        {"ord_01_x", 0},
        {"ord_-1_x", 0},
        {"ord_+1_x", 0},
        {"ord_ 1_x", 0},
        {"ord_1 _x", 0},
        {"ord_1.0_x", 0},
        {"ord_0x1_x", 0},
        {"ord_1e0_x", 0},
        {"ord_1a_x", 0},
        {"ord_\331\241_x", 0},
        {"ord__x", 0},
        {"ord_1", 0},
        {"ord_1_", 0},
        {"ord_1-x", 0},
        {"ORD_1_x", 0},
        {" ord_1_x", 0},
        {"ord1_x", 0},
        {"ord_", 0},
        {"ord", 0},
        {"", 0},
        {"ord_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(orders_token_tenant(cases[i].token), cases[i].tenant);
    }
    assert_string_equal(orders_token_hint(pool, "ord_7_abcdefgh"), "ord_7_abcd");
    assert_string_equal(orders_token_hint(pool, "ord_7_ab"), "ord_7_ab");
    assert_string_equal(orders_token_hint(pool, "secret"), "");
}

static const char *derived(const orders_call_t *call, const char *key)
{
    const char *token = NULL;

    assert_null(orders_token_derived(&token, call, key, false));
    assert_int_equal(strlen(token), 49);
    assert_int_equal(orders_token_tenant(token), call->settings->tenant);
    return token;
}

static void derives_the_same_token_for_the_same_request(void **state)
{
    const orders_identity_t somebody = {.tenant = 1, .user_id = 8};
    orders_settings_t elsewhere = settings;
    orders_call_t call = sample();
    const char *token = derived(&call, "key-1");

    assert_string_equal(derived(&call, "key-1"), token);
    assert_string_not_equal(derived(&call, "key-2"), token);
    call.identity = &somebody;
    assert_string_not_equal(derived(&call, "key-1"), token);
    call = sample();
    elsewhere.tenant = 2;
    call.settings = &elsewhere;
    assert_string_not_equal(derived(&call, "key-1"), token);
    elsewhere = settings;
    elsewhere.secret = (const unsigned char *)"fedcba9876543210";
    assert_string_not_equal(derived(&call, "key-1"), token);
    call = sample();
    call.body = "{ }";
    call.body_length = 3;
    assert_string_equal(derived(&call, "key-1"), token);
    call.body = "{\"a\":1}";
    call.body_length = strlen(call.body);
    assert_string_not_equal(derived(&call, "key-1"), token);
}

static void derives_the_token_of_the_former_secret(void **state)
{
    orders_settings_t later = settings;
    orders_call_t call = sample();
    const char *token = derived(&call, "key-1"), *again = NULL;

    later.secret = (const unsigned char *)"fedcba9876543210";
    later.former_secret = settings.secret;
    later.former_secret_length = settings.secret_length;
    call.settings = &later;
    assert_string_not_equal(derived(&call, "key-1"), token);
    assert_null(orders_token_derived(&again, &call, "key-1", true));
    assert_string_equal(again, token);
    later.former_secret_length = 0;
    assert_string_equal(code_of(orders_token_derived(&again, &call, "key-1", true)),
                        "not_configured");
}

static void derives_nothing_without_a_secret(void **state)
{
    const orders_settings_t bare = {.tenant = 1};
    orders_call_t call = sample();
    const char *token = NULL;

    call.settings = &bare;
    assert_string_equal(code_of(orders_token_derived(&token, &call, "key-1", false)),
                        "not_configured");
    assert_null(token);
}

static const char *print_of(const orders_call_t *call)
{
    unsigned char out[ORDERS_SHA256_SIZE];

    assert_null(orders_fingerprint(out, call));
    return orders_hex(pool, out, sizeof(out));
}

static void fingerprints_differ_between_requests(void **state)
{
    orders_call_t call = sample();
    const char *prints[12];
    const orders_identity_t user = {.user_id = 7}, application = {.user_id = 8},
                            other = {.user_id = 9};
    size_t left, right;

    prints[0] = print_of(&call);
    assert_string_equal(print_of(&call), prints[0]);
    call.route = &other_route;
    prints[1] = print_of(&call);
    call = sample();
    call.param[0] = "58";
    prints[2] = print_of(&call);
    call.param[0] = "5";
    call.param[1] = "8";
    prints[3] = print_of(&call);
    call = sample();
    call.query = "a=2";
    prints[4] = print_of(&call);
    call = sample();
    call.content_type = "application/x-www-form-urlencoded";
    prints[5] = print_of(&call);
    call = sample();
    call.body = "{\"a\":\"1\"}";
    call.body_length = strlen(call.body);
    prints[6] = print_of(&call);
    call = sample();
    call.query = "";
    prints[7] = print_of(&call);
    call = sample();
    call.query = "%zz";
    prints[8] = print_of(&call);
    call = sample();
    call.identity = &user;
    call.application = &application;
    prints[9] = print_of(&call);
    call.application = &other;
    prints[10] = print_of(&call);
    call.identity = &other;
    prints[11] = print_of(&call);
    for (left = 0; left < COUNT(prints); left++) {
        for (right = left + 1; right < COUNT(prints); right++) {
            assert_string_not_equal(prints[left], prints[right]);
        }
    }
}

typedef struct {
    uint64_t plan_id;
    const char *price, *note, *word;
    bool active;
    apr_array_header_t *ids;
} content_t;

static const char *const words[] = {"one", "two", NULL};
#define FIELD(kind, member, ...)                                                                   \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .offset = offsetof(content_t, member),       \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }
static const orders_field_t fields[] = {
    FIELD(UINT64, plan_id), FIELD(DECIMAL, price),
    FIELD(STRING, note),    FIELD(ENUM, word, .values = words),
    FIELD(BOOL, active),    FIELD(IDS, ids),
};
static const orders_route_t list_route = {
    .name = "token.create", .method = ORDERS_POST, .repeated = "ids"};

static const char *content_type; /* of the header */

static const char *header(const orders_call_t *call, const char *name)
{
    return content_type;
}

/** The fingerprint of a body that was decoded. The type may have parameters. */
static const char *print_body(const char *type, const char *query, const char *body)
{
    orders_call_t call = sample();
    orders_input_t *input;
    content_t content = {0};

    content_type = type;
    call.route = &list_route;
    call.header = header;
    call.content_type = apr_pstrndup(pool, type, strcspn(type, ";"));
    call.query = query;
    call.body = body;
    call.body_length = strlen(body);
    assert_null(orders_input_body(&input, &call, true));
    assert_null(orders_fields_decode(fields, COUNT(fields), input, &content, pool));
    return print_of(&call);
}

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define MULTI "multipart/form-data; boundary="
#define PART(name, value) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

/* clang-format off */
static const char parts_in_order[] =
    "--x\r\n" PART("plan_id", "10")
    "--x\r\n" PART("price", "2.5")
    "--x\r\n" PART("note", "a b")
    "--x\r\n" PART("active", "1")
    "--x\r\n" PART("ids", "1")
    "--x\r\n" PART("ids", "2")
    "--x--\r\n";
static const char parts_in_another_order[] =
    "preamble\r\n"
    "--another\r\n" PART("ids[0]", "1")
    "--another\r\n" PART("note", "a b")
    "--another\r\n" PART("plan_id", "10")
    "--another\r\n" PART("price", "25e-1")
    "--another\r\n" PART("active", "true")
    "--another\r\n" PART("ids[1]", "2")
    "--another--";
/* clang-format on */

static void fingerprints_agree_when_the_fields_do(void **state)
{
    static const char query[] = "a=1&b=x%20y";
    const struct {
        const char *type, *query, *body;
    } same[] = {
        {JSON, query,
         "{\"plan_id\":10,\"price\":2.5,\"note\":\"a b\",\"active\":true,\"ids\":[1,2]}"},
        {JSON "; charset=utf-8", "b=x+y&a=1",
         "{\"plan_id\":10,\"price\":2.5,\"note\":\"a b\",\"active\":true,\"ids\":[1,2]}"},
        {JSON, "&b=%78%20y&&a=%31",
         " {\"ids\" : [1.0, 2e0], \"note\":\"\\u0061 b\",\n\"active\":true,"
         "\"price\":25e-1,\"plan_id\":1e1 }\n"},
        {JSON, query,
         "{\"word\":null,\"plan_id\":10.0,\"price\":2.50,\"note\":\"a b\","
         "\"active\":true,\"ids\":[1,2]}"},
        {JSON, query,
         "{\"idempotency_key\":\"k\",\"api_key\":\"s\",\"plan_id\":10,\"price\":2.5,"
         "\"note\":\"a b\",\"active\":true,\"ids\":[1,2]}"},
        {FORM, query, "plan_id=10&price=2.5&note=a+b&active=true&ids=1&ids=2"},
        {FORM, query, "ids[]=1&active=1&ids[]=2&note=%61%20b&price=2.50&pl%61n_id=10.0&word="},
        {MULTI "x", query, parts_in_order},
        {MULTI "\"another\"", query, parts_in_another_order},
    };
    const char *first = print_body(same[0].type, same[0].query, same[0].body);

    for (size_t index = 1; index < COUNT(same); index++) {
        assert_string_equal(print_body(same[index].type, same[index].query, same[index].body),
                            first);
    }
}

static void fingerprints_of_undecoded_fields_agree(void **state)
{
    static const char *const same[][3] = {
        {JSON, "{\"cart\":7,\"lines\":[{\"a\":1.5,\"b\":null}],\"x\":\"y\"}",
         "{\"x\":\"\\u0079\",\"lines\":[{\"b\":null,\"a\":15e-1}],\"cart\":7.0}"},
        {FORM, "cart=7&lines=[{\"a\":1.5,\"b\":null}]&x=y",
         "x=y&lines=[{\"b\":null,+\"a\":1.50}]&cart=7"},
    };
    const char *first = print_body(JSON, "", same[0][1]);

    for (size_t index = 0; index < COUNT(same); index++) {
        assert_string_equal(print_body(same[index][0], "", same[index][1]), first);
        assert_string_equal(print_body(same[index][0], "", same[index][2]), first);
    }
}

/* Values that the decoder treats as absent. */
static void fingerprints_agree_without_absent_fields(void **state)
{
    static const char *const absent[] = {"{\"note\":\"\"}", "{\"note\":null}", "{\"plan_id\":null}",
                                         "{\"word\":null}", "{\"ids\":null}"};
    for (size_t index = 0; index < COUNT(absent); index++) {
        assert_string_equal(print_body(JSON, "", absent[index]), print_body(JSON, "", "{}"));
    }
}

static void fingerprints_differ_when_the_fields_do(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"plan_id\":1}",
        "{\"plan_id\":2}",
        "{\"note\":\"1\"}",
        "{\"note\":\"1.0\"}",
        "{\"price\":1}",
        "{\"price\":1.1}",
        "{\"ids\":[1,2]}",
        "{\"ids\":[2,1]}",
        "{\"ids\":[12]}",
        "{\"meta\":{\"a\":1}}",
        "{\"meta\":{\"a\":\"1\"}}",
        "{\"meta\":{\"a\":null}}",
        "{\"meta\":{}}",
        "{\"meta\":[]}",
        "{\"meta\":null}",
        "{\"meta\":[1,2]}",
        "{\"meta\":[2,1]}",
        "{\"meta\":\"[1,2]\"}",
        "{\"meta\":1e300}",
        "{\"note\":\"a\",\"other\":\"b\"}",
        "{\"note\":\"b\",\"other\":\"a\"}",
    };
    const char *prints[COUNT(bodies)];
    size_t left, right;

    for (left = 0; left < COUNT(bodies); left++) {
        prints[left] = print_body(JSON, "", bodies[left]);
        for (right = 0; right < left; right++) {
            assert_string_not_equal(prints[left], prints[right]);
        }
    }
}

static void reads_bearer_tokens(void **state)
{
    assert_string_equal(orders_token_bearer("Bearer abc"), "abc");
    assert_string_equal(orders_token_bearer("bEARER  abc"), " abc");
    assert_string_equal(orders_token_bearer("Bearer "), "");
    assert_null(orders_token_bearer("Bearer"));
    assert_null(orders_token_bearer("Basic abc"));
    assert_null(orders_token_bearer(""));
    assert_null(orders_token_bearer("Bearerabc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(matches_published_test_vectors),
        TEST(hashes_after_shutdown),
        TEST(writes_and_reads_base64url),
        TEST(makes_random_tokens),
        TEST(a_token_names_its_tenant),
        TEST(derives_the_same_token_for_the_same_request),
        TEST(derives_the_token_of_the_former_secret),
        TEST(derives_nothing_without_a_secret),
        TEST(fingerprints_differ_between_requests),
        TEST(fingerprints_agree_when_the_fields_do),
        TEST(fingerprints_agree_without_absent_fields),
        TEST(fingerprints_of_undecoded_fields_agree),
        TEST(fingerprints_differ_when_the_fields_do),
        TEST(reads_bearer_tokens),
    };

    return RUN(tests);
}
