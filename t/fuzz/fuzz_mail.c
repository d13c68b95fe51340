/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails with arbitrary texts: a mail is refused, or its message has no line that a text has injected. The input has six lines, each a
 * field of the mail, and then the body.
 */
#include "support.h"

#include <apr_strings.h>

#include "core/mail_address.h"
#include "core/text.h"
#include "messages/mail.h"

/** The text up to the next line feed. A vertical tab in it is replaced by a line feed. */
static const char *field(char **rest)
{
    char *text = *rest;
    size_t length = strcspn(text, "\n");

    *rest = text + length + (text[length] == '\n');
    text[length] = '\0';
    for (; *text; text++) {
        if (*text == '\v') {
            *text = '\n';
        }
    }
    return text - length;
}

static void check_address(const char *address)
{
    if (orders_is_mail_address(address)) {
        HOLDS(orders_utf8_valid(address, strlen(address)));
        HOLDS(!orders_text_has_control(address, strlen(address), false));
    }
    if (orders_is_ascii_mail_address(address)) {
        HOLDS(strlen(address) <= 254 && strchr(address, '@') == strrchr(address, '@'));
        for (const char *at = address; *at; at++) {
            HOLDS(*at > ' ' && *at <= '~' && !strchr("<>()[]\\,;:\"", *at));
        }
    }
}

static void check_message(const char *message, size_t length, const orders_mail_t *mail)
{
    const char *end = message + length, *line = message;
    int headers = 0;
    bool head = true;

    while (line < end) {
        size_t size = 0;

        for (; line + size + 1 < end && line[size] != '\r'; size++) {
            HOLDS((line[size] >= ' ' && line[size] <= '~') || (!head && line[size] == '\t'));
        }
        HOLDS(line + size + 1 < end && line[size + 1] == '\n' && size <= 998);
        head = head && size;
        headers += head && line[0] != ' ';
        HOLDS(head || size <= 76);
        line += size + 2;
    }
    HOLDS(headers == (mail->html ? 8 : 9));
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    char *string = fuzz_string(text, length), *rest = string;
    orders_mailer_t mailer = {.from = field(&rest), .from_name = field(&rest)};
    orders_mail_t mail = {.to = field(&rest), .id = field(&rest), .subject = field(&rest)};
    const char *message;
    apr_size_t size;

    mail.html = field(&rest);
    mail.text = rest;
    mail.date = (apr_time_t)length * APR_USEC_PER_SEC * 86400;
    if (!*mail.html) {
        mail.html = NULL;
    }
    check_address(mailer.from);
    check_address(mail.to);
    if (!orders_mail_compose(&message, &size, pool, &mailer, &mail)) {
        check_message(message, size, &mail);
    }
    (void)orders_mail_url_check(mail.subject);
    free(string);
}
