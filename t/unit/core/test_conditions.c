/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that make a request conditional: If-None-Match, If-Match, Idempotency-Key. */
#include "support.h"

#include <apr_strings.h>

#include "core/etag.h"
#include "core/idempotency.h"

static void builds_tags(void **state)
{
    const char *tag = orders_etag(pool, 12, 7, "250000|EUR");
    const char *dot = strchr(tag, '.');

    assert_string_equal(orders_etag(pool, 12, 7, "250000|EUR"), tag);
    assert_int_equal(strlen(tag), strlen("\"7-123456789012.12345678901\""));
    assert_memory_equal(tag, "\"7-ba281cee4742.", (size_t)(dot + 1 - tag));
    assert_memory_equal(orders_etag(pool, 12, 7, "250001|EUR"), tag, (size_t)(dot + 1 - tag));
    assert_string_not_equal(orders_etag(pool, 12, 7, "250001|EUR"), tag);
    assert_memory_not_equal(orders_etag(pool, 12, 8, "250000|EUR") + 2, tag + 2, 14);
    assert_memory_not_equal(orders_etag(pool, 13, 7, "250000|EUR") + 2, tag + 2, 14);
}

static void matches_none_match(void **state)
{
    static const struct {
        const char *header;
        bool match;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"*", true},
        {" * ", true},
        {"**", false},
        {"\"3-abc\"", true},
        {"W/\"3-abc\"", true},
        {"\"3-abc-gzip\"", true},
        {"W/\"3-abc-br\"", true},
        {"\"3-abcd\"", false},
        {"\"3-ab\"", false},
        {"\"3-abc-gzipped\"", false},
        {"\"1\", W/\"2\",\"3-abc\"", true},
        {"\"1\" \"3-abc\"", true},
        {",, \"3-abc\" ,", true},
        {"\"1\"", false},
        {"3-abc", false},
        {"\"3-abc", false},
        {"w/\"3-abc\"", false},
        {"\"\", \"3-abc\"", true},
        {"\"a b\", \"3-abc\"", false},
        {"\"1\"x, \"3-abc\"", false},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_int_equal(orders_etag_none_match(cases[index].header, "\"3-abc\""),
                         cases[index].match);
    }
    assert_false(orders_etag_none_match("*", NULL));
}

#define TAG "3-0123456789ab"
#define NEXT "4-0123456789ab"

static void reads_if_match(void **state)
{
    static const struct {
        const char *header;
        orders_if_match_e outcome;
        const char *tags;
    } cases[] = {
        {NULL, ORDERS_IF_MATCH_ANY, ""},
        {"*", ORDERS_IF_MATCH_ANY, ""},
        {" * ", ORDERS_IF_MATCH_ANY, ""},
        {"\"" TAG ".abc\"", ORDERS_IF_MATCH_TAGS, TAG},
        {"\"" TAG ".-_x\"", ORDERS_IF_MATCH_TAGS, TAG},
        {"\"" TAG ".abc-gzip\"", ORDERS_IF_MATCH_TAGS, TAG},
        {"\"" TAG ".abc-br\"", ORDERS_IF_MATCH_TAGS, TAG},
        {"\"" TAG ".\"", ORDERS_IF_MATCH_TAGS, TAG},
        {"\"9-x\", \"" TAG ".a\", W/\"8\", \"" NEXT ".b\"", ORDERS_IF_MATCH_TAGS, TAG " " NEXT},
        {"W/\"" TAG ".a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" TAG "\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" TAG "-gzip\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"3-0123456789a.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"3-0123456789abc.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"3-0123456789AB.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"0-0123456789ab.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"-3-0123456789ab.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"2147483648-0123456789ab.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"\"", ORDERS_IF_MATCH_NEVER, ""},
        {TAG ".a", ORDERS_IF_MATCH_NEVER, ""},
        {"\"3\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"3-zzz\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" TAG ".a", ORDERS_IF_MATCH_NEVER, ""},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        apr_array_header_t *tags;

        assert_int_equal(orders_etag_if_match(cases[index].header, pool, &tags),
                         cases[index].outcome);
        assert_string_equal(tags ? apr_array_pstrcat(pool, tags, ' ') : "", cases[index].tags);
    }
}

#define DOCUMENT "0123456789abcdef01234567"

static void matches_tags_of_documents(void **state)
{
    static const struct {
        const char *header;
        orders_if_match_e outcome;
        const char *tags;
    } cases[] = {
        {NULL, ORDERS_IF_MATCH_ANY, ""},
        {"*", ORDERS_IF_MATCH_ANY, ""},
        {"\"" DOCUMENT ".abc\"", ORDERS_IF_MATCH_TAGS, DOCUMENT},
        {"\"" DOCUMENT ".abc-gzip\"", ORDERS_IF_MATCH_TAGS, DOCUMENT},
        {"\"x\", \"" DOCUMENT ".abc\", \"" TAG ".a\"", ORDERS_IF_MATCH_TAGS, DOCUMENT},
        {"W/\"" DOCUMENT ".a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" DOCUMENT "\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" DOCUMENT "0.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"0123456789ABCDEF01234567.a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"\"" TAG ".a\"", ORDERS_IF_MATCH_NEVER, ""},
        {"", ORDERS_IF_MATCH_NEVER, ""},
    };
    const char *tag = orders_etag_document(pool, DOCUMENT, "view");

    for (size_t index = 0; index < COUNT(cases); index++) {
        apr_array_header_t *tags;

        assert_int_equal(orders_etag_if_match_document(cases[index].header, pool, &tags),
                         cases[index].outcome);
        assert_string_equal(tags ? apr_array_pstrcat(pool, tags, ' ') : "", cases[index].tags);
    }
    assert_memory_equal(tag, "\"" DOCUMENT ".", 26);
    assert_string_equal(orders_etag_document(pool, DOCUMENT, "view"), tag);
    assert_string_not_equal(orders_etag_document(pool, DOCUMENT, "other"), tag);
    assert_true(orders_etag_is_any(" * "));
    assert_false(orders_etag_is_any("\"*\""));
    assert_false(orders_etag_is_any(NULL));
}

static const char *key_of(const char *header, const char *field)
{
    const char *key;
    orders_problem_t *problem = orders_idempotency_key(&key, pool, header, field);

    return problem ? code_of(problem) : key;
}

static void reads_idempotency_keys(void **state)
{
    char longest[256];

    memset(longest, 'k', 255);
    longest[255] = '\0';
    assert_null(key_of(NULL, NULL));
    assert_null(key_of(NULL, ""));
    assert_string_equal(key_of("a-key", NULL), "a-key");
    assert_string_equal(key_of(NULL, "a-key"), "a-key");
    assert_string_equal(key_of("a-key", "a-key"), "a-key");
    assert_string_equal(key_of("!\"#~", ""), "!\"#~");
    assert_string_equal(key_of(longest, NULL), longest);
}

static void refuses_other_keys(void **state)
{
    static const char *const bad[] = {"a key", " ", "a\tb", "a\n", "\x7F", "é", "\x01"};
    char long_key[257];
    size_t index;

    memset(long_key, 'k', 256);
    long_key[256] = '\0';
    for (index = 0; index < COUNT(bad); index++) {
        assert_string_equal(key_of(bad[index], NULL), "invalid_idempotency_key");
        assert_string_equal(key_of(NULL, bad[index]), "invalid_idempotency_key");
    }
    assert_string_equal(key_of("", NULL), "invalid_idempotency_key");
    assert_string_equal(key_of(long_key, NULL), "invalid_idempotency_key");
    assert_string_equal(key_of("one", "two"), "idempotency_key_mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(builds_tags),        TEST(matches_none_match),
        TEST(reads_if_match),     TEST(reads_idempotency_keys),
        TEST(refuses_other_keys), TEST(matches_tags_of_documents),
    };

    return RUN(tests);
}
