/* SPDX-License-Identifier: Apache-2.0 */
/** RFC 5322 (the message), RFC 2045 to 2047 (MIME, quoted-printable, encoded words), RFC 3834 (Auto-Submitted). */
#include <apr_base64.h>
#include <apr_strings.h>
#include <string.h>

#include "core/mail_address.h"
#include "core/text.h"
#include "core/time.h"
#include "messages/mail.h"

#define MAX_LINE 76
#define MAX_ID 128

/** Encoded words: the frame, and the maximum length by RFC 2047. */
#define WORD_HEAD "=?utf-8?B?"
#define WORD_TAIL "?="
#define WORD_FRAME (sizeof(WORD_HEAD WORD_TAIL) - 1)
#define MAX_WORD 75
#define MIN_WORD (WORD_FRAME + 8) /* two groups of base64: room for any character */

/** In quoted-printable, `=` is never followed by `_`, so no line of a body equals the boundary. */
#define BOUNDARY "=_mod_orders"

/** A message being composed. */
typedef struct mail_text_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t length, size;
    apr_size_t column; /**< of the current line */
} mail_text_t;

static void append_bytes(mail_text_t *out, const char *text, apr_size_t length)
{
    if (length > out->size - out->length) {
        apr_size_t size = 2 * (out->length + length) + 4096;
        char *larger = apr_palloc(out->pool, size);

        if (out->length) {
            memcpy(larger, out->text, out->length);
        }
        out->text = larger;
        out->size = size;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->column += length;
}

static void append(mail_text_t *out, const char *text)
{
    append_bytes(out, text, strlen(text));
}

static void end_line(mail_text_t *out)
{
    append_bytes(out, "\r\n", 2);
    out->column = 0;
}

/** Adds a word to a header and folds the line if it would be too long. */
static void append_word(mail_text_t *out, const char *word)
{
    if (out->column + 1 + strlen(word) > MAX_LINE) {
        end_line(out);
    }
    append_bytes(out, " ", 1);
    append(out, word);
}

/** Length of the longest prefix of whole characters that fits into `room` bytes. */
static apr_size_t fitting_length(const char *text, apr_size_t room)
{
    const char *end = text + strlen(text);
    apr_size_t length = 0, step;

    for (; text + length < end; length += step) {
        step = orders_utf8_sequence(text + length, end);
        if (length + step > room) {
            break;
        }
    }
    return length;
}

static const char *make_encoded_word(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *base64 = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

    apr_base64_encode_binary(base64, (const unsigned char *)text, (int)length);
    return apr_pstrcat(pool, WORD_HEAD, base64, WORD_TAIL, NULL);
}

/** Adds text as encoded words. Mail clients ignore the white space between two of them. */
static void append_encoded(mail_text_t *out, const char *text)
{
    while (*text) {
        apr_size_t room = out->column + 1 < MAX_LINE ? MAX_LINE - out->column - 1 : 0;
        apr_size_t length;

        if (room < MIN_WORD || room > MAX_WORD) {
            room = MAX_WORD;
        }
        length = fitting_length(text, (room - WORD_FRAME) / 4 * 3);
        append_word(out, make_encoded_word(out->pool, text, length));
        text += length;
    }
}

/** Whether the text is printable ASCII that needs no encoding and fits on one line. */
static bool is_plain(const char *text, apr_size_t room)
{
    apr_size_t length = strlen(text);

    for (apr_size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return length && length <= room && text[0] != ' ' && text[length - 1] != ' ' &&
           !strstr(text, "=?");
}

static void append_subject(mail_text_t *out, const char *subject)
{
    append(out, "Subject:");
    if (is_plain(subject, MAX_LINE - out->column - 1)) {
        append_word(out, subject);
    } else {
        append_encoded(out, subject);
    }
    end_line(out);
}

static void append_from(mail_text_t *out, const char *name, const char *address)
{
    append(out, "From:");
    if (!name || !*name) {
        append_word(out, address);
    } else {
        if (is_plain(name, MAX_LINE - out->column - 3) && !strpbrk(name, "\"\\")) {
            append_word(out, apr_pstrcat(out->pool, "\"", name, "\"", NULL));
        } else {
            append_encoded(out, name);
        }
        append_word(out, apr_pstrcat(out->pool, "<", address, ">", NULL));
    }
    end_line(out);
}

static void append_header(mail_text_t *out, const char *name, const char *value)
{
    append(out, name);
    append_word(out, value);
    end_line(out);
}

/** Length of the line end at `at`; 0: there is none. */
static apr_size_t line_end_length(const char *at)
{
    return at[0] == '\r' && at[1] == '\n' ? 2 : at[0] == '\r' || at[0] == '\n' ? 1 : 0;
}

/** Includes characters that mail servers may change at the start or end of a line. */
static bool must_quote(const char *at, bool first)
{
    unsigned char byte = (unsigned char)*at;

    if (byte == ' ' || byte == '\t') {
        return !at[1] || line_end_length(at + 1);
    }
    return byte < ' ' || byte > '~' || byte == '=' ||
           (first && (byte == '.' || !strncmp(at, "From ", 5)));
}

static void append_quoted_printable(mail_text_t *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    apr_size_t end;

    for (; *text; text += end ? end : 1) {
        end = line_end_length(text);
        if (end) {
            end_line(out);
            continue;
        }
        if (out->column >
            MAX_LINE - 4) { /* three for an encoded byte, one for the soft line break */
            append_bytes(out, "=", 1);
            end_line(out);
        }
        if (must_quote(text, out->column == 0)) {
            const char quoted[] = {'=', hex[(unsigned char)*text >> 4], hex[*text & 15]};

            append_bytes(out, quoted, sizeof(quoted));
        } else {
            append_bytes(out, text, 1);
        }
    }
}

static void append_part(mail_text_t *out, const char *type, const char *text)
{
    append_header(out, "Content-Type:", apr_pstrcat(out->pool, type, "; charset=utf-8", NULL));
    append_header(out, "Content-Transfer-Encoding:", "quoted-printable");
    end_line(out);
    append_quoted_printable(out, text);
}

static void append_body(mail_text_t *out, const orders_mail_t *mail)
{
    if (!mail->html) {
        append_part(out, "text/plain", mail->text);
        if (out->column) {
            end_line(out);
        }
        return;
    }
    append_header(out, "Content-Type:", "multipart/alternative; boundary=\"" BOUNDARY "\"");
    end_line(out);
    append(out, "--" BOUNDARY);
    end_line(out);
    append_part(out, "text/plain", mail->text);
    append(out, "\r\n--" BOUNDARY); /* the line end before a boundary is not part of the body */
    end_line(out);
    append_part(out, "text/html", mail->html);
    append(out, "\r\n--" BOUNDARY "--");
    end_line(out);
}

/** A date of RFC 5322 in UTC, with the offset +0000. */
static const char *format_date(apr_pool_t *pool, apr_time_t date)
{
    char text[APR_RFC822_DATE_LEN];

    apr_rfc822_date(text, date);
    text[strlen(text) - strlen("GMT")] = '\0';
    return apr_pstrcat(pool, text, "+0000", NULL);
}

/** Whether the text is a single line of valid UTF-8. */
static bool is_header_text(const char *text)
{
    return text && orders_utf8_valid(text, strlen(text)) &&
           !orders_text_has_control(text, strlen(text), false);
}

static bool is_body_text(const char *text)
{
    return text && orders_utf8_valid(text, strlen(text));
}

static bool is_valid_date(apr_time_t date)
{
    char text[ORDERS_TIME_SIZE];

    return date > 0 && orders_time_write(text, date, false);
}

static orders_problem_t *check_mail(apr_pool_t *pool, const orders_mail_t *mail)
{
    const char *error = NULL;

    if (!mail->id || strlen(mail->id) > MAX_ID || !orders_is_dot_atom(mail->id, strlen(mail->id))) {
        error = "the id is not valid in a Message-ID";
    } else if (!orders_is_ascii_mail_address(mail->to)) {
        error = "the recipient's address is malformed";
    } else if (!is_header_text(mail->subject) || !*mail->subject) {
        error = "the subject is empty, has control characters or is not UTF-8";
    } else if (!is_body_text(mail->text) || (mail->html && !is_body_text(mail->html))) {
        error = "a body is missing or not UTF-8";
    } else if (!is_valid_date(mail->date)) {
        error = "the date is out of range";
    }
    if (!error) {
        return NULL;
    }
    return orders_problem_logged(pool, ORDERS_E_mail_refused, error);
}

static orders_problem_t *check_mailer(apr_pool_t *pool, const orders_mailer_t *mailer)
{
    if (orders_is_ascii_mail_address(mailer->from) &&
        (!mailer->from_name || is_header_text(mailer->from_name))) {
        return NULL;
    }
    return orders_problem_logged(pool, ORDERS_E_not_configured,
                                 "the sender of OrdersMail is malformed");
}

orders_problem_t *orders_mail_compose(const char **message, apr_size_t *length, apr_pool_t *pool,
                                      const orders_mailer_t *mailer, const orders_mail_t *mail)
{
    mail_text_t out = {.pool = pool};

    ORDERS_TRY(check_mailer(pool, mailer));
    ORDERS_TRY(check_mail(pool, mail));
    append_header(&out, "Date:", format_date(pool, mail->date));
    append_from(&out, mailer->from_name, mailer->from);
    append_header(&out, "To:", mail->to);
    append_subject(&out, mail->subject);
    append_header(&out, "Message-ID:",
                  apr_pstrcat(pool, "<", mail->id, strchr(mailer->from, '@'), ">", NULL));
    append_header(&out, "MIME-Version:", "1.0");
    append_header(&out, "Auto-Submitted:", "auto-generated");
    append_body(&out, mail);
    *message = out.text;
    *length = out.length;
    return NULL;
}

orders_problem_t *orders_mail_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_mail_t *mail, const orders_smtp_caller_t *caller)
{
    orders_smtp_message_t message = {.to = mail->to};

    ORDERS_TRY(orders_mail_compose(&message.text, &message.length, pool, mailer, mail));
    return orders_smtp_send(mailer, pool, &message, caller);
}
