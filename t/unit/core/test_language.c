/* SPDX-License-Identifier: Apache-2.0 */
/* Accept-Language. */
#include "support.h"

#include "core/language.h"

static const char *list_of(const char *header)
{
    apr_array_header_t *languages = orders_languages(pool, header, "id");
    return apr_array_pstrcat(pool, languages, ' ');
}

static void sorts_by_quality(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "id"},
        {"", "id"},
        {"en", "en id"},
        {"id", "id"},
        {"en, de", "en de id"},
        {"de;q=0.5, en;q=0.9", "en de id"},
        {"de;q=0.5,en;q=0.501", "en de id"},
        {"de;q=0.5, en", "en de id"},
        {"a;q=0.3, b;q=0.3, c;q=0.4, d;q=0.3", "c a b d id"},
        {"EN", "en id"},
        {"en;q=1.000, id;q=0.001", "en id"},
        {"id, en", "id en"},
        {"en, en;q=0.1, EN", "en id"},
        {" \ten\t;\tq=0.8 , de ", "de en id"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(list_of(cases[i][0]), cases[i][1]);
    }
}

static void adds_more_general_tags(void **state)
{
    static const char *const cases[][2] = {
        {"en-GB", "en-gb en id"},
        {"en-GB, de", "en-gb en de id"},
        {"zh-Hant-TW", "zh-hant-tw zh-hant zh id"},
        {"zh-Hant-TW, zh-Hans;q=0.9", "zh-hant-tw zh-hant zh zh-hans id"},
        {"en-a-bbb-x-a", "en-a-bbb-x-a en-a-bbb en id"},
        {"id-ID", "id-id id"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(list_of(cases[i][0]), cases[i][1]);
    }
}

static void replaces_the_wildcard_by_the_default(void **state)
{
    assert_string_equal(list_of("*"), "id");
    assert_string_equal(list_of("*, en"), "id en");
    assert_string_equal(list_of("en, *;q=0.5, de;q=0.1"), "en id de");
    assert_string_equal(list_of("*;q=0, en"), "en id");
}

static void omits_languages_with_quality_0(void **state)
{
    assert_string_equal(list_of("en;q=0"), "id");
    assert_string_equal(list_of("en;q=0.000, de"), "de id");
    assert_string_equal(list_of("en, en;q=0"), "id");
    assert_string_equal(list_of("en-GB, en;q=0"), "en-gb id");
    assert_string_equal(list_of("de, id;q=0"), "de id");
}

static void ignores_malformed_ranges(void **state)
{
    static const char *const none[] = {
        "-",
        "en-",
        "-en",
        "en--gb",
        "1en",
        "englishman",
        "en_GB",
        "e n",
        "en;",
        "en;q",
        "en;q=",
        "en;q=2",
        "en;q=1.001",
        "en;q=0.1234",
        "en;q=-1",
        "en;q=.5",
        "en;q= 0.5",
        "en;level=1",
        "en;q=0.5;x=1",
        "en;q=0,5x",
        "**",
        "*-gb",
        "en/de",
        "\"en\"",
        "\xC3\xA9n",
        "aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-e",
        ",,, ,",
    };
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_string_equal(list_of(none[i]), "id");
        assert_string_equal(list_of(apr_pstrcat(pool, none[i], ", de", NULL)), "de id");
    }
    assert_string_equal(list_of("en;Q=0.5, de;q=0."), "en id");
}

static void limits_the_length_of_the_list(void **state)
{
    const char *header = "";
    for (int i = 0; i < 1000; i++) {
        header = apr_psprintf(pool, "%s%c%c-%c, ", header, 'a' + i % 26, 'a' + i / 26 % 26, 'a');
    }
    apr_array_header_t *languages = orders_languages(pool, header, "id");
    assert_int_equal(languages->nelts, ORDERS_MAX_LANGUAGES);
    assert_string_equal(APR_ARRAY_IDX(languages, ORDERS_MAX_LANGUAGES - 1, const char *), "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sorts_by_quality),
        TEST(adds_more_general_tags),
        TEST(replaces_the_wildcard_by_the_default),
        TEST(omits_languages_with_quality_0),
        TEST(ignores_malformed_ranges),
        TEST(limits_the_length_of_the_list),
    };
    return RUN(tests);
}
