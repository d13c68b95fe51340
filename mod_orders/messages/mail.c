/* SPDX-License-Identifier: Apache-2.0 */
#include "messages/mail.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "net/curl_options.h"
#include "net/http_client.h"

#define CONNECT_TIMEOUT_MS 5000L
#define RETRY_AFTER 60

/** How far the talk with the server is: what a refusal is about. */
typedef enum { OF_SESSION, OF_SENDER, OF_RECIPIENT, OF_MESSAGE } subject_e;

static const char *const subjects[] = {[OF_SESSION] = "before MAIL",
                                       [OF_SENDER] = "MAIL",
                                       [OF_RECIPIENT] = "RCPT",
                                       [OF_MESSAGE] = "DATA"};

/** One call of libcurl's. */
typedef struct talk_t {
    const char *message;
    apr_size_t length, sent;
    subject_e subject;
    apr_time_t deadline;
    bool (*stop)(void *context);
    void *context;
} talk_t;

static size_t read_message(char *into, size_t size, size_t count, void *context)
{
    talk_t *talk = context;
    size_t length = size * count;

    if (length > talk->length - talk->sent) {
        length = talk->length - talk->sent;
    }
    memcpy(into, talk->message + talk->sent, length);
    talk->sent += length;
    return length;
}

/** Asked while anything is waited for, the answer to QUIT too, which CURLOPT_TIMEOUT_MS knows nothing of. */
static int is_over(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total,
                   curl_off_t upload_now)
{
    const talk_t *talk = context;

    return orders_clock_now() > talk->deadline || (talk->stop && talk->stop(talk->context));
}

/** Sees the commands as they are sent; nothing of them is kept. */
static int follow(CURL *handle, curl_infotype type, char *data, size_t length, void *context)
{
    static const struct {
        const char *verb;
        subject_e subject;
    } known[] = {{"MAIL ", OF_SENDER}, {"RCPT ", OF_RECIPIENT}, {"DATA\r", OF_MESSAGE}};
    talk_t *talk = context;

    for (size_t i = 0; type == CURLINFO_HEADER_OUT && i < sizeof(known) / sizeof(known[0]); i++) {
        if (length >= 5 && !strncmp(data, known[i].verb, 5)) {
            talk->subject = known[i].subject;
        }
    }
    return 0;
}

static size_t forget(char *data, size_t size, size_t count, void *context)
{
    return size * count;
}

static CURLcode set_safety(CURL *handle, const orders_mailer_t *mailer)
{
    CURLcode code =
        orders_curl_safe(handle, mailer->ca_file, mailer->timeout_ms, CONNECT_TIMEOUT_MS);

#if LIBCURL_VERSION_NUM >= 0x075500
    ORDERS_CURL_SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
#else
    ORDERS_CURL_SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_SMTP | CURLPROTO_SMTPS));
#endif
    ORDERS_CURL_SET(CURLOPT_NOPROXY, "*");
    ORDERS_CURL_SET(CURLOPT_USE_SSL, (long)(mailer->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    ORDERS_CURL_SET(CURLOPT_FORBID_REUSE,
                    1L); /* so that QUIT is said while is_over is still asked */
    return code;
}

static CURLcode set_talk(CURL *handle, const orders_mailer_t *mailer, talk_t *talk)
{
    CURLcode code = CURLE_OK;

    ORDERS_CURL_SET(CURLOPT_URL, mailer->url);
    if (mailer->user) {
        ORDERS_CURL_SET(CURLOPT_USERNAME, mailer->user);
        ORDERS_CURL_SET(CURLOPT_PASSWORD, mailer->password);
    }
    ORDERS_CURL_SET(CURLOPT_MAIL_FROM, mailer->from);
    ORDERS_CURL_SET(CURLOPT_UPLOAD, 1L);
    ORDERS_CURL_SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)talk->length);
    ORDERS_CURL_SET(CURLOPT_READFUNCTION, read_message);
    ORDERS_CURL_SET(CURLOPT_READDATA, talk);
    ORDERS_CURL_SET(CURLOPT_WRITEFUNCTION, forget);
    ORDERS_CURL_SET(CURLOPT_HEADERFUNCTION, forget);
    ORDERS_CURL_SET(CURLOPT_XFERINFOFUNCTION, is_over);
    ORDERS_CURL_SET(CURLOPT_XFERINFODATA, talk);
    ORDERS_CURL_SET(CURLOPT_NOPROGRESS, 0L);
    ORDERS_CURL_SET(CURLOPT_DEBUGFUNCTION, follow);
    ORDERS_CURL_SET(CURLOPT_DEBUGDATA, talk);
    ORDERS_CURL_SET(CURLOPT_VERBOSE, 1L);
    return code;
}

/** `*reply`: the server's last, 0 when it has not said anything. */
static CURLcode perform(const orders_mailer_t *mailer, const char *to, talk_t *talk, long *reply)
{
    CURL *handle = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (handle && recipients) {
        code = set_safety(handle, mailer);
        if (code == CURLE_OK) {
            code = set_talk(handle, mailer, talk);
        }
        ORDERS_CURL_SET(CURLOPT_MAIL_RCPT, recipients);
        if (code == CURLE_OK) {
            code = curl_easy_perform(handle);
            (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, reply);
        }
    }
    curl_slist_free_all(recipients);
    curl_easy_cleanup(handle);
    return code;
}

/**
 * Final is only what the server says for good (5xx) of the recipient or the message; of the sender, that the message is
 * too long for it (552, RFC 1870). What it says of us, such as that a password is needed, may be mended meanwhile.
 */
static bool is_final(CURLcode code, const talk_t *talk, long reply)
{
    static const long ours[] = {530, 534, 535, 538};

    if ((code != CURLE_SEND_ERROR && code != CURLE_WEIRD_SERVER_REPLY &&
         code != CURLE_RECV_ERROR) ||
        reply < 500 || reply > 599) {
        return false;
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (reply == ours[i]) {
            return false;
        }
    }
    return talk->subject == OF_RECIPIENT || talk->subject == OF_MESSAGE ||
           (talk->subject == OF_SENDER && reply == 552);
}

/** libcurl's own sentence and the server's number: the server's sentence may have an address in it. */
static orders_problem_t *failure(apr_pool_t *pool, CURLcode code, const talk_t *talk, long reply)
{
    bool final = is_final(code, talk, reply);
    orders_problem_t *problem =
        orders_problem(pool, final ? ORDERS_E_mail_refused : ORDERS_E_mail_unreachable, NULL);

    problem->retry_after = final ? 0 : RETRY_AFTER;
    problem->log = apr_psprintf(pool, "%s: %s, last reply %ld", subjects[talk->subject],
                                curl_easy_strerror(code), reply);
    return problem;
}

orders_problem_t *orders_mail_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_mail_t *mail, bool (*stop)(void *context),
                                   void *context)
{
    talk_t talk = {.deadline = orders_clock_now() + apr_time_from_msec(mailer->timeout_ms),
                   .stop = stop,
                   .context = context};
    long reply = 0;
    CURLcode code;

    ORDERS_TRY(orders_mail_compose(&talk.message, &talk.length, pool, mailer, mail));
    code = perform(mailer, mail->to, &talk, &reply);
    return code == CURLE_OK ? NULL : failure(pool, code, &talk, reply);
}

/** A part of an URL, or NULL; to be freed with curl_free. */
static char *part(CURLU *url, CURLUPart which)
{
    char *text = NULL;

    return curl_url_get(url, which, &text, 0) == CURLUE_OK ? text : NULL;
}

static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                     CURLUPART_QUERY, CURLUPART_FRAGMENT};

static const char *check_parts(CURLU *url)
{
    char *path = part(url, CURLUPART_PATH);
    const char *wrong = NULL;

    if (path && strcmp(path, "/") && *path) {
        wrong = "the URL must end after the host and its port";
    }
    curl_free(path);
    for (size_t i = 0; !wrong && i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
        char *text = part(url, unwanted[i]);

        if (text) {
            wrong = "the URL must have no user, password, options, query or fragment";
        }
        curl_free(text);
    }
    return wrong;
}

const char *orders_mail_url_check(const char *url)
{
    const bool secure = !strncasecmp(url, "smtps://", 8);
    CURLU *parsed = curl_url();
    const char *wrong = "the URL must begin with smtp:// or smtps:// and name a host";

    if (parsed && (secure || !strncasecmp(url, "smtp://", 7)) && url[secure ? 8 : 7] != '/' &&
        curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *host = part(parsed, CURLUPART_HOST);

        if (host && *host) {
            wrong = check_parts(parsed);
        }
        curl_free(host);
    }
    curl_url_cleanup(parsed);
    return wrong;
}

bool orders_mail_url_is_local(const char *url)
{
    CURLU *parsed = curl_url();
    bool local = false;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *host = part(parsed, CURLUPART_HOST);

        local = host && orders_http_is_loopback(host);
        curl_free(host);
    }
    curl_url_cleanup(parsed);
    return local;
}
