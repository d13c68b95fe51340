/* SPDX-License-Identifier: Apache-2.0 */
#include "net/smtp_client.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "net/curl_drive.h"
#include "net/curl_options.h"
#include "net/http_client.h"

#define CONNECT_TIMEOUT_MS 5000L
#define RETRY_AFTER_SECONDS 60

/** Stage of the SMTP session: the command to which a refusal is the reply. */
typedef enum { STAGE_SESSION, STAGE_SENDER, STAGE_RECIPIENT, STAGE_MESSAGE } smtp_stage_e;

static const char *const stage_names[] = {[STAGE_SESSION] = "before MAIL",
                                          [STAGE_SENDER] = "MAIL",
                                          [STAGE_RECIPIENT] = "RCPT",
                                          [STAGE_MESSAGE] = "DATA"};

/** State of one SMTP transfer. */
typedef struct smtp_transfer_t {
    const char *message;
    apr_size_t length, sent;
    smtp_stage_e stage;
    apr_time_t deadline;
    bool (*stop)(void *context);
    void *context;
} smtp_transfer_t;

static size_t read_message(char *buffer, size_t size, size_t count, void *context)
{
    smtp_transfer_t *transfer = context;
    size_t length = size * count;

    if (length > transfer->length - transfer->sent) {
        length = transfer->length - transfer->sent;
    }
    memcpy(buffer, transfer->message + transfer->sent, length);
    transfer->sent += length;
    return length;
}

static bool is_over(void *context)
{
    const smtp_transfer_t *transfer = context;

    return orders_clock_now() > transfer->deadline ||
           (transfer->stop && transfer->stop(transfer->context));
}

/** Progress callback. Bounds the wait for the reply to QUIT, which neither CURLOPT_TIMEOUT_MS nor the multi handle ends. */
static int check_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total,
                          curl_off_t upload_now)
{
    return is_over(context);
}

/** Debug callback: derives the stage from the commands that are sent. Stores no data. */
static int track_stage(CURL *handle, curl_infotype type, char *data, size_t length, void *context)
{
    static const struct {
        const char *verb;
        smtp_stage_e stage;
    } commands[] = {{"MAIL ", STAGE_SENDER}, {"RCPT ", STAGE_RECIPIENT}, {"DATA\r", STAGE_MESSAGE}};
    smtp_transfer_t *transfer = context;

    for (size_t i = 0; type == CURLINFO_HEADER_OUT && i < sizeof(commands) / sizeof(commands[0]);
         i++) {
        if (length >= 5 && !strncmp(data, commands[i].verb, 5)) {
            transfer->stage = commands[i].stage;
        }
    }
    return 0;
}

static size_t discard_data(char *data, size_t size, size_t count, void *context)
{
    return size * count;
}

static CURLcode set_security_options(CURL *handle, const orders_mailer_t *mailer)
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
                    1L); /* sends QUIT while check_progress() is still called */
    return code;
}

static CURLcode set_transfer_options(CURL *handle, const orders_mailer_t *mailer,
                                     smtp_transfer_t *transfer)
{
    CURLcode code = CURLE_OK;

    ORDERS_CURL_SET(CURLOPT_URL, mailer->url);
    if (mailer->user) {
        ORDERS_CURL_SET(CURLOPT_USERNAME, mailer->user);
        ORDERS_CURL_SET(CURLOPT_PASSWORD, mailer->password);
    }
    ORDERS_CURL_SET(CURLOPT_MAIL_FROM, mailer->from);
    ORDERS_CURL_SET(CURLOPT_UPLOAD, 1L);
    ORDERS_CURL_SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->length);
    ORDERS_CURL_SET(CURLOPT_READFUNCTION, read_message);
    ORDERS_CURL_SET(CURLOPT_READDATA, transfer);
    ORDERS_CURL_SET(CURLOPT_WRITEFUNCTION, discard_data);
    ORDERS_CURL_SET(CURLOPT_HEADERFUNCTION, discard_data);
    ORDERS_CURL_SET(CURLOPT_XFERINFOFUNCTION, check_progress);
    ORDERS_CURL_SET(CURLOPT_XFERINFODATA, transfer);
    ORDERS_CURL_SET(CURLOPT_NOPROGRESS, 0L);
    ORDERS_CURL_SET(CURLOPT_DEBUGFUNCTION, track_stage);
    ORDERS_CURL_SET(CURLOPT_DEBUGDATA, transfer);
    ORDERS_CURL_SET(CURLOPT_VERBOSE, 1L);
    return code;
}

/** `*reply`: the last reply code of the server; 0 if it sent none. */
static CURLcode perform_transfer(const orders_mailer_t *mailer, const char *to,
                                 smtp_transfer_t *transfer, long *reply)
{
    CURL *handle = curl_easy_init();
    CURLM *multi = curl_multi_init();
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (handle && multi && recipients) {
        orders_curl_share(handle);
        code = set_security_options(handle, mailer);
        if (code == CURLE_OK) {
            code = set_transfer_options(handle, mailer, transfer);
        }
        ORDERS_CURL_SET(CURLOPT_MAIL_RCPT, recipients);
        if (code == CURLE_OK) {
            code = orders_curl_drive(multi, handle, is_over, transfer);
            (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, reply);
        }
    }
    curl_slist_free_all(recipients);
    curl_easy_cleanup(handle);
    curl_multi_cleanup(multi);
    return code;
}

/**
 * Only permanent replies (5xx) about the recipient or the message are final, and 552 to MAIL (message too large, RFC 1870). Replies
 * about this server, such as a required password, are temporary: an administrator can fix the cause.
 */
static bool is_final(CURLcode code, const smtp_transfer_t *transfer, long reply)
{
    static const long server_codes[] = {530, 534, 535, 538};

    if ((code != CURLE_SEND_ERROR && code != CURLE_WEIRD_SERVER_REPLY &&
         code != CURLE_RECV_ERROR) ||
        reply < 500 || reply > 599) {
        return false;
    }
    for (size_t i = 0; i < sizeof(server_codes) / sizeof(server_codes[0]); i++) {
        if (reply == server_codes[i]) {
            return false;
        }
    }
    return transfer->stage == STAGE_RECIPIENT || transfer->stage == STAGE_MESSAGE ||
           (transfer->stage == STAGE_SENDER && reply == 552);
}

/** Logs libcurl's message and the server's reply code, but not the server's text, which may contain an address. */
static orders_problem_t *make_problem(apr_pool_t *pool, CURLcode code,
                                      const smtp_transfer_t *transfer, long reply)
{
    bool final = is_final(code, transfer, reply);
    orders_problem_t *problem =
        orders_problem(pool, final ? ORDERS_E_mail_refused : ORDERS_E_mail_unreachable, NULL);

    problem->retry_after = final ? 0 : RETRY_AFTER_SECONDS;
    problem->log = apr_psprintf(pool, "%s: %s, last reply %ld", stage_names[transfer->stage],
                                curl_easy_strerror(code), reply);
    return problem;
}

/** A server that refuses a message, even temporarily, is up. */
static orders_call_outcome_e call_outcome(CURLcode code, const smtp_transfer_t *transfer,
                                          long reply)
{
    if (code == CURLE_OK || (reply >= 400 && transfer->stage != STAGE_SESSION)) {
        return ORDERS_CALL_ANSWERED;
    }
    return transfer->stop && transfer->stop(transfer->context) ? ORDERS_CALL_CANCELLED
                                                               : ORDERS_CALL_FAILED;
}

static orders_problem_t *make_suspended_problem(apr_pool_t *pool, const char *why)
{
    orders_problem_t *problem = orders_problem_logged(pool, ORDERS_E_mail_unreachable, why);

    problem->retry_after = RETRY_AFTER_SECONDS;
    problem->quiet = true;
    return problem;
}

orders_problem_t *orders_smtp_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_smtp_message_t *message,
                                   const orders_smtp_caller_t *caller)
{
    smtp_transfer_t transfer = {.message = message->text,
                                .length = message->length,
                                .deadline =
                                    orders_clock_now() + apr_time_from_msec(mailer->timeout_ms),
                                .stop = caller->stop,
                                .context = caller->context};
    orders_admission_t admission;
    const char *why =
        orders_breaker_enter(mailer->breaker, ORDERS_CALLER_WORKER, caller->log, &admission);
    long reply = 0;
    CURLcode code;

    if (why) {
        return make_suspended_problem(pool, why);
    }
    code = perform_transfer(mailer, message->to, &transfer, &reply);
    orders_breaker_leave(mailer->breaker, &admission, call_outcome(code, &transfer, reply),
                         caller->log);
    return code == CURLE_OK ? NULL : make_problem(pool, code, &transfer, reply);
}

/** A part of a URL, or NULL. The caller frees it with curl_free(). */
static char *get_url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static const CURLUPart forbidden_parts[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                            CURLUPART_QUERY, CURLUPART_FRAGMENT};

static const char *check_url_parts(CURLU *url)
{
    char *path = get_url_part(url, CURLUPART_PATH);
    const char *error = NULL;

    if (path && strcmp(path, "/") && *path) {
        error = "the URL must end after the host and its port";
    }
    curl_free(path);
    for (size_t i = 0; !error && i < sizeof(forbidden_parts) / sizeof(forbidden_parts[0]); i++) {
        char *text = get_url_part(url, forbidden_parts[i]);

        if (text) {
            error = "the URL must have no user, password, options, query or fragment";
        }
        curl_free(text);
    }
    return error;
}

const char *orders_mail_url_check(const char *url)
{
    const bool secure = !strncasecmp(url, "smtps://", 8);
    CURLU *parsed = curl_url();
    const char *error = "the URL must begin with smtp:// or smtps:// and name a host";

    if (parsed && (secure || !strncasecmp(url, "smtp://", 7)) && url[secure ? 8 : 7] != '/' &&
        curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *host = get_url_part(parsed, CURLUPART_HOST);

        if (host && *host) {
            error = check_url_parts(parsed);
        }
        curl_free(host);
    }
    curl_url_cleanup(parsed);
    return error;
}

bool orders_mail_url_is_local(const char *url)
{
    CURLU *parsed = curl_url();
    bool local = false;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *host = get_url_part(parsed, CURLUPART_HOST);

        local = host && orders_http_is_loopback(host);
        curl_free(host);
    }
    curl_url_cleanup(parsed);
    return local;
}
