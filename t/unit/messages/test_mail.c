/* SPDX-License-Identifier: Apache-2.0 */
/* The text of mails, parsed by t/lib/mail-read, which uses Perl's modules and none of our code. */
#include "support.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mail_address.h"
#include "messages/mail.h"

static const orders_mailer_t shop = {
    .url = "smtp://127.0.0.1", .from = "shop@example.com", .from_name = "The Shop"};

static orders_mail_t mail_of(const char *subject, const char *text, const char *html)
{
    return (orders_mail_t){.id = "order-1.placed",
                           .to = "buyer@example.org",
                           .subject = subject,
                           .text = text,
                           .html = html,
                           .date = apr_time_from_sec(1795500000)};
}

static const char *compose(const orders_mailer_t *mailer, const orders_mail_t *mail)
{
    const char *message = NULL;
    apr_size_t length = 0;
    orders_problem_t *problem = orders_mail_compose(&message, &length, pool, mailer, mail);

    assert_string_equal(code_of(problem), "");
    return apr_pstrmemdup(pool, message, length);
}

static json_t *read_back(const char *message)
{
    char file[] = "/tmp/orders-mail-XXXXXX";
    const char *directory = getenv("srcdir");
    int handle = mkstemp(file);
    FILE *reader;
    json_t *read;

    assert_true(handle >= 0);
    assert_int_equal(write(handle, message, strlen(message)), strlen(message));
    close(handle);
    reader = popen(
        apr_pstrcat(pool, "perl ", directory ? directory : ".", "/t/lib/mail-read ", file, NULL),
        "r");
    assert_non_null(reader);
    read = json_loadf(reader, 0, NULL);
    pclose(reader);
    unlink(file);
    assert_non_null(read);
    return read;
}

static const char *member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? apr_pstrdup(pool, text) : "(none)";
}

static const char *header(json_t *read, const char *name)
{
    return member(json_object_get(read, "headers"), name);
}

/** Each line ends with CRLF, is 7-bit, and has at most 76 characters. */
static void assert_lines(const char *message)
{
    const char *line = message, *end;

    for (; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_in_range(end - line, 0, 76);
        for (const char *at = line; at < end; at++) {
            assert_true((*at >= ' ' && *at <= '~') || *at == '\t');
        }
        assert_true(strncmp(line, ".", 1) && strncmp(line, "From ", 5));
        assert_true(end == line || (end[-1] != ' ' && end[-1] != '\t'));
    }
}

static const char *repeat(const char *text, int times)
{
    char *all = apr_palloc(pool, strlen(text) * (size_t)times + 1);

    for (int i = 0; i < times; i++) {
        memcpy(all + (size_t)i * strlen(text), text, strlen(text));
    }
    all[strlen(text) * (size_t)times] = '\0';
    return all;
}

static void has_the_required_headers(void **state)
{
    orders_mail_t mail = mail_of("Your order", "text\n", "<p>text</p>\n");
    json_t *read = read_back(compose(&shop, &mail));

    assert_string_equal(header(read, "date"), "Tue, 24 Nov 2026 06:00:00 +0000");
    assert_string_equal(header(read, "from"), "\"The Shop\" <shop@example.com>");
    assert_string_equal(header(read, "to"), "buyer@example.org");
    assert_string_equal(header(read, "subject"), "Your order");
    assert_string_equal(header(read, "message-id"), "<order-1.placed@example.com>");
    assert_string_equal(header(read, "mime-version"), "1.0");
    assert_string_equal(header(read, "auto-submitted"), "auto-generated");
    assert_int_equal(json_object_size(json_object_get(read, "headers")), 8);
    json_decref(read);
}

static void is_the_same_when_repeated(void **state)
{
    orders_mail_t mail = mail_of("Your order", "text", "<p>");

    assert_string_equal(compose(&shop, &mail), compose(&shop, &mail));
}

static void has_one_part_without_html(void **state)
{
    orders_mail_t mail = mail_of("Your order", "only text", NULL);
    json_t *read = read_back(compose(&shop, &mail));

    assert_string_equal(header(read, "content-type"), "text/plain; charset=utf-8");
    assert_string_equal(member(read, "text"), "only text\n");
    assert_string_equal(member(read, "html"), "(none)");
    json_decref(read);
    mail.text = "a line\n";
    read = read_back(compose(&shop, &mail));
    assert_string_equal(member(read, "text"), "a line\n");
    json_decref(read);
}

static void keeps_every_script(void **state)
{
    static const char *const texts[] = {
        "Order",
        "Schöne Grüße, naïve Œuvre – 12,50 €",
        "您的订单已经确认，感谢您的购买。我们将尽快为您发货，请保持电话畅通。如有疑问请联系客服。",
        "طلبك رقم ١٢٣٤ قيد التنفيذ، شكراً لتسوقك معنا، سنرسل لك رسالة أخرى عند الشحن",
        "👩‍👩‍👧‍👦🏳️‍🌈 "
        "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
        "=?utf-8?Q?not_encoded?=",
        " spaces around ",
        "a=b \"quoted\" <angle> \\ , ; : @ (comment)",
        "a subject of plain words that is a good deal longer than one line of a header may be",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        orders_mailer_t mailer = shop;
        orders_mail_t mail = mail_of(texts[i], texts[i], texts[i]);
        const char *message;
        json_t *read;

        mailer.from_name = texts[i];
        message = compose(&mailer, &mail);
        assert_lines(message);
        read = read_back(message);
        assert_string_equal(member(read, "subject"), texts[i]);
        assert_string_equal(member(read, "text"), texts[i]);
        assert_string_equal(member(read, "html"), texts[i]);
        assert_non_null(strstr(member(read, "from"), texts[i]));
        assert_non_null(strstr(header(read, "from"), " <shop@example.com>"));
        json_decref(read);
    }
}

static void keeps_every_line(void **state)
{
    const char *const texts[] = {
        ".\n..\n.a\n\n.\n",
        "trailing space \ntrailing tab\t\n \n\t\nend ",
        "From me\nFrom: you\n>From them\n",
        "--=_mod_orders\n--=_mod_orders--\n=\n=3D\n=_\n",
        "\n\n\n",
        "",
        repeat("long ", 2000),
        repeat("x", 997),
        repeat("長", 700),
        repeat(".", 500),
        repeat(" ", 300),
        "tab\there \x01\x7f",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        orders_mail_t mail = mail_of("Lines", texts[i], texts[i]);
        const char *message = compose(&shop, &mail);
        json_t *read;

        assert_lines(message);
        read = read_back(message);
        assert_string_equal(member(read, "text"), texts[i]);
        assert_string_equal(member(read, "html"), texts[i]);
        json_decref(read);
    }
}

static void accepts_all_line_ends(void **state)
{
    orders_mail_t mail = mail_of("Lines", "a\r\nb\nc\rd\r\r\n", "");
    json_t *read = read_back(compose(&shop, &mail));

    assert_string_equal(member(read, "text"), "a\nb\nc\nd\n\n");
    json_decref(read);
}

/** Header injections, and other invalid values of headers. */
static void refuses_invalid_header_values(void **state)
{
    static const char *const wrong[] = {"a\r\nBcc: all@example.com",
                                        "a\nBcc: all@example.com",
                                        "a\rBcc: all@example.com",
                                        "a\r\n\r\nbody",
                                        "tab\t",
                                        "\x01",
                                        "\x1b[2J",
                                        "del\x7f",
                                        "c1 \xc2\x85",
                                        "latin1 \xe9",
                                        "overlong \xc0\x8a",
                                        "cut \xe2\x82"};
    const char *message;
    apr_size_t length;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        orders_mail_t mail = mail_of(wrong[i], "", "");
        orders_mailer_t mailer = shop;
        orders_problem_t *problem = orders_mail_compose(&message, &length, pool, &shop, &mail);

        assert_string_equal(code_of(problem), "mail_refused");
        assert_null(strstr(problem->log, wrong[i]));
        mail = mail_of("fine", "", "");
        mail.to = apr_pstrcat(pool, "a@example.com", wrong[i], NULL);
        problem = orders_mail_compose(&message, &length, pool, &shop, &mail);
        assert_string_equal(code_of(problem), "mail_refused");
        mail = mail_of("fine", "", "");
        mail.id = wrong[i];
        problem = orders_mail_compose(&message, &length, pool, &shop, &mail);
        assert_string_equal(code_of(problem), "mail_refused");
        mail = mail_of("fine", "", "");
        mailer.from_name = wrong[i];
        problem = orders_mail_compose(&message, &length, pool, &mailer, &mail);
        assert_string_equal(code_of(problem), "not_configured");
        mailer = shop;
        mailer.from = apr_pstrcat(pool, "a@example.com", wrong[i], NULL);
        problem = orders_mail_compose(&message, &length, pool, &mailer, &mail);
        assert_string_equal(code_of(problem), "not_configured");
    }
}

static void refuses_missing_values(void **state)
{
    orders_mail_t mails[] = {mail_of(NULL, "", ""),       mail_of("", "", ""),
                             mail_of("fine", NULL, ""),   mail_of("fine", "\xff", ""),
                             mail_of("fine", "", "\xff"), mail_of("fine", "", ""),
                             mail_of("fine", "", ""),     mail_of("fine", "", ""),
                             mail_of("fine", "", ""),     mail_of("fine", "", "")};
    const char *message;
    apr_size_t length;

    mails[5].to = NULL;
    mails[6].id = NULL;
    mails[7].id = "";
    mails[8].date = 0;
    mails[9].date = APR_INT64_MAX;
    for (size_t i = 0; i < COUNT(mails); i++) {
        assert_string_equal(code_of(orders_mail_compose(&message, &length, pool, &shop, &mails[i])),
                            "mail_refused");
    }
}

static void accepts_addresses(void **state)
{
    static const char *const good[] = {
        "a@b.c",      "first.last+tag@example.com", "O'Brien_{x}|!#$%&*/=?^`~-@sub.example-1.co.uk",
        "123@123.x2", "a@xn--bcher-kva.example",
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        if (!orders_is_ascii_mail_address(good[i])) {
            fail_msg("%s is an address", good[i]);
        }
    }
}

static void refuses_malformed_addresses(void **state)
{
    static const char *const wrong[] = {
        "",
        "a",
        "@",
        "@b.c",
        "a@",
        "a@b",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a@b.c@d.e",
        ".a@b.c",
        "a.@b.c",
        "a..a@b.c",
        "a b@c.d",
        " a@b.c",
        "a@b.c ",
        "a@b.c\n",
        "<a@b.c>",
        "a@b.c>",
        "\"a\"@b.c",
        "a(c)@b.c",
        "a,b@c.d",
        "a;b@c.d",
        "a:b@c.d",
        "a\\b@c.d",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a@b.c/d",
        "ä@b.c",
        "a\x7f@b.c",
        "a@1.2",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "a@bücher.example",
        "a\r\nRCPT TO:<x@y.z>@b.c",
    };

    assert_false(orders_is_ascii_mail_address(NULL));
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (orders_is_ascii_mail_address(wrong[i])) {
            fail_msg("%s is no address", wrong[i]);
        }
    }
}

static void limits_the_length_of_addresses(void **state)
{
    const char *local = repeat("a", 64), *labels = repeat("b.", 94);

    assert_true(orders_is_ascii_mail_address(
        apr_pstrcat(pool, local, "@", repeat("b", 63), ".example", NULL)));
    assert_false(orders_is_ascii_mail_address(apr_pstrcat(pool, local, "a@b.c", NULL)));
    assert_false(
        orders_is_ascii_mail_address(apr_pstrcat(pool, "a@", repeat("b", 64), ".c", NULL)));
    assert_true(orders_is_ascii_mail_address(apr_pstrcat(pool, local, "@", labels, "c", NULL)));
    assert_false(orders_is_ascii_mail_address(apr_pstrcat(pool, local, "@", labels, "cc", NULL)));
}

static void accepts_values_of_maximum_length(void **state)
{
    orders_mailer_t mailer = shop;
    orders_mail_t mail = mail_of("S", "", "");
    json_t *read;

    mailer.from = apr_pstrcat(pool, repeat("a", 64), "@", repeat("b.", 94), "c", NULL);
    mail.to = mailer.from;
    mail.id = repeat("i", 128);
    mailer.from_name = repeat("Ж", 300);
    mail.subject = repeat("長", 500);
    read = read_back(compose(&mailer, &mail));
    assert_string_equal(member(read, "subject"), mail.subject);
    assert_string_equal(member(read, "from"),
                        apr_pstrcat(pool, mailer.from_name, " <", mailer.from, ">", NULL));
    assert_string_equal(member(read, "to"), mail.to);
    json_decref(read);
}

static void checks_the_url_of_a_mail_server(void **state)
{
    static const char *const good[] = {"smtp://127.0.0.1", "smtp://127.0.0.1:587",
                                       "smtps://mail.example/", "SMTP://mail.example:25",
                                       "smtp://[::1]:2525"};
    static const char *const wrong[] = {"",
                                        "smtp",
                                        "smtp:",
                                        "smtp://",
                                        "smtp:///",
                                        "smtp:mail.example",
                                        "mail.example:25",
                                        "https://mail.example",
                                        "imap://mail.example",
                                        "smtp://a:b@mail.example",
                                        "smtp://a@mail.example",
                                        "smtp://mail.example/helo",
                                        "smtp://mail.example/?x",
                                        "smtp://mail.example/#x",
                                        "smtp://mail.example:x",
                                        "smtp://mail.example:99999",
                                        "smtp://mail example"};

    for (size_t i = 0; i < COUNT(good); i++) {
        assert_null(orders_mail_url_check(good[i]));
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (!orders_mail_url_check(wrong[i])) {
            fail_msg("%s is no mailer's URL", wrong[i]);
        }
    }
    assert_true(orders_mail_url_is_local("smtp://127.0.0.1:25"));
    assert_true(orders_mail_url_is_local("smtps://localhost"));
    assert_true(orders_mail_url_is_local("smtp://[::1]"));
    assert_false(orders_mail_url_is_local("smtp://127.evil.example"));
    assert_false(orders_mail_url_is_local("smtp://mail.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(has_the_required_headers),
        TEST(is_the_same_when_repeated),
        TEST(has_one_part_without_html),
        TEST(keeps_every_script),
        TEST(keeps_every_line),
        TEST(accepts_all_line_ends),
        TEST(refuses_invalid_header_values),
        TEST(refuses_missing_values),
        TEST(accepts_addresses),
        TEST(refuses_malformed_addresses),
        TEST(limits_the_length_of_addresses),
        TEST(accepts_values_of_maximum_length),
        TEST(checks_the_url_of_a_mail_server),
    };

    return RUN(tests);
}
