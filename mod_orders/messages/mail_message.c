/* SPDX-License-Identifier: Apache-2.0 */
/** RFC 5322 (the message), RFC 2045 to 2047 (MIME, quoted-printable, encoded words), RFC 3834 (Auto-Submitted). */
#include <apr_base64.h>
#include <apr_strings.h>
#include <string.h>

#include "core/mail_address.h"
#include "core/text.h"
#include "core/time.h"
#include "messages/mail.h"

#define LONGEST_LINE 76
#define LONGEST_ID 128

/** Encoded words: the frame, and the maximum length by RFC 2047. */
#define WORD_HEAD "=?utf-8?B?"
#define WORD_TAIL "?="
#define WORD_FRAME (sizeof(WORD_HEAD WORD_TAIL) - 1)
#define LONGEST_WORD 75
#define SHORTEST_WORD (WORD_FRAME + 8) /* room for any character */

/** Quoted-printable never has `=` before `_`, so no line of a body equals the boundary. */
#define BOUNDARY "=_mod_orders"

/** A message being composed. */
typedef struct out_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t length, size;
    apr_size_t column; /**< of the current line */
} out_t;

static void put_n(out_t *out, const char *text, apr_size_t length)
{
    if (length > out->size - out->length) {
        apr_size_t size = 2 * (out->length + length) + 4096;
        char *longer = apr_palloc(out->pool, size);

        if (out->length) {
            memcpy(longer, out->text, out->length);
        }
        out->text = longer;
        out->size = size;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->column += length;
}

static void put(out_t *out, const char *text)
{
    put_n(out, text, strlen(text));
}

static void end_line(out_t *out)
{
    put_n(out, "\r\n", 2);
    out->column = 0;
}

/** Adds a word to a header and folds the line when it is full. */
static void put_word(out_t *out, const char *word)
{
    if (out->column + 1 + strlen(word) > LONGEST_LINE) {
        end_line(out);
    }
    put_n(out, " ", 1);
    put(out, word);
}

/** Length of the longest prefix of whole characters that fits into `room` bytes. */
static apr_size_t whole_characters(const char *text, apr_size_t room)
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

static const char *encoded_word(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *base64 = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

    apr_base64_encode_binary(base64, (const unsigned char *)text, (int)length);
    return apr_pstrcat(pool, WORD_HEAD, base64, WORD_TAIL, NULL);
}

/** Adds text as encoded words. Readers drop the white space between two of them. */
static void put_encoded(out_t *out, const char *text)
{
    while (*text) {
        apr_size_t room = out->column + 1 < LONGEST_LINE ? LONGEST_LINE - out->column - 1 : 0;
        apr_size_t length;

        if (room < SHORTEST_WORD || room > LONGEST_WORD) {
            room = LONGEST_WORD;
        }
        length = whole_characters(text, (room - WORD_FRAME) / 4 * 3);
        put_word(out, encoded_word(out->pool, text, length));
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

static void put_subject(out_t *out, const char *subject)
{
    put(out, "Subject:");
    if (is_plain(subject, LONGEST_LINE - out->column - 1)) {
        put_word(out, subject);
    } else {
        put_encoded(out, subject);
    }
    end_line(out);
}

static void put_from(out_t *out, const char *name, const char *address)
{
    put(out, "From:");
    if (!name || !*name) {
        put_word(out, address);
    } else {
        if (is_plain(name, LONGEST_LINE - out->column - 3) && !strpbrk(name, "\"\\")) {
            put_word(out, apr_pstrcat(out->pool, "\"", name, "\"", NULL));
        } else {
            put_encoded(out, name);
        }
        put_word(out, apr_pstrcat(out->pool, "<", address, ">", NULL));
    }
    end_line(out);
}

static void put_header(out_t *out, const char *name, const char *value)
{
    put(out, name);
    put_word(out, value);
    end_line(out);
}

/** Length of the line end at `at`; 0: none. */
static apr_size_t line_end(const char *at)
{
    return at[0] == '\r' && at[1] == '\n' ? 2 : at[0] == '\r' || at[0] == '\n' ? 1 : 0;
}

/** Also quotes characters that relays and mailboxes change at the start or end of a line. */
static bool must_quote(const char *at, bool first)
{
    unsigned char byte = (unsigned char)*at;

    if (byte == ' ' || byte == '\t') {
        return !at[1] || line_end(at + 1);
    }
    return byte < ' ' || byte > '~' || byte == '=' ||
           (first && (byte == '.' || !strncmp(at, "From ", 5)));
}

static void put_quoted_printable(out_t *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    apr_size_t end;

    for (; *text; text += end ? end : 1) {
        end = line_end(text);
        if (end) {
            end_line(out);
            continue;
        }
        if (out->column >
            LONGEST_LINE - 4) { /* three for an encoded byte, one for the soft line break */
            put_n(out, "=", 1);
            end_line(out);
        }
        if (must_quote(text, out->column == 0)) {
            const char quoted[] = {'=', hex[(unsigned char)*text >> 4], hex[*text & 15]};

            put_n(out, quoted, sizeof(quoted));
        } else {
            put_n(out, text, 1);
        }
    }
}

static void put_part(out_t *out, const char *type, const char *text)
{
    put_header(out, "Content-Type:", apr_pstrcat(out->pool, type, "; charset=utf-8", NULL));
    put_header(out, "Content-Transfer-Encoding:", "quoted-printable");
    end_line(out);
    put_quoted_printable(out, text);
}

static void put_parts(out_t *out, const orders_mail_t *mail)
{
    if (!mail->html) {
        put_part(out, "text/plain", mail->text);
        if (out->column) {
            end_line(out);
        }
        return;
    }
    put_header(out, "Content-Type:", "multipart/alternative; boundary=\"" BOUNDARY "\"");
    end_line(out);
    put(out, "--" BOUNDARY);
    end_line(out);
    put_part(out, "text/plain", mail->text);
    put(out, "\r\n--" BOUNDARY); /* the line end before a boundary is not part of the body */
    end_line(out);
    put_part(out, "text/html", mail->html);
    put(out, "\r\n--" BOUNDARY "--");
    end_line(out);
}

/** A date of RFC 5322 in UTC, with the offset +0000. */
static const char *date_text(apr_pool_t *pool, apr_time_t date)
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

static bool is_writable(apr_time_t date)
{
    char text[ORDERS_TIME_SIZE];

    return date > 0 && orders_time_write(text, date, false);
}

static orders_problem_t *check_mail(apr_pool_t *pool, const orders_mail_t *mail)
{
    const char *wrong = NULL;

    if (!mail->id || strlen(mail->id) > LONGEST_ID ||
        !orders_is_dot_atom(mail->id, strlen(mail->id))) {
        wrong = "the id is not fit for a Message-ID";
    } else if (!orders_is_ascii_mail_address(mail->to)) {
        wrong = "the recipient's address is none";
    } else if (!is_header_text(mail->subject) || !*mail->subject) {
        wrong = "the subject is empty, has control characters or is no UTF-8";
    } else if (!is_body_text(mail->text) || (mail->html && !is_body_text(mail->html))) {
        wrong = "a body is missing or no UTF-8";
    } else if (!is_writable(mail->date)) {
        wrong = "the date cannot be written";
    }
    if (!wrong) {
        return NULL;
    }
    return orders_problem_logged(pool, ORDERS_E_mail_refused, wrong);
}

static orders_problem_t *check_mailer(apr_pool_t *pool, const orders_mailer_t *mailer)
{
    if (orders_is_ascii_mail_address(mailer->from) &&
        (!mailer->from_name || is_header_text(mailer->from_name))) {
        return NULL;
    }
    return orders_problem_logged(pool, ORDERS_E_not_configured,
                                 "the sender of mails is not fit for a header");
}

orders_problem_t *orders_mail_compose(const char **message, apr_size_t *length, apr_pool_t *pool,
                                      const orders_mailer_t *mailer, const orders_mail_t *mail)
{
    out_t out = {.pool = pool};

    ORDERS_TRY(check_mailer(pool, mailer));
    ORDERS_TRY(check_mail(pool, mail));
    put_header(&out, "Date:", date_text(pool, mail->date));
    put_from(&out, mailer->from_name, mailer->from);
    put_header(&out, "To:", mail->to);
    put_subject(&out, mail->subject);
    put_header(&out, "Message-ID:",
               apr_pstrcat(pool, "<", mail->id, strchr(mailer->from, '@'), ">", NULL));
    put_header(&out, "MIME-Version:", "1.0");
    put_header(&out, "Auto-Submitted:", "auto-generated");
    put_parts(&out, mail);
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
