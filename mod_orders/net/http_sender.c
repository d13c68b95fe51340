/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_sender.h"

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/clock.h"
#include "net/address.h"
#include "net/curl_drive.h"
#include "net/curl_options.h"
#include "net/http_client.h"
#include "net/http_options.h"

#define CONNECT_TIMEOUT_MS 10000L
#define MAX_IDLE_CONNECTIONS 128L
#define MAX_HEADER_BYTES 65536
/** How long the body of a reply is read. */
#define BODY_TIME apr_time_from_sec(2)

typedef enum { REACH_PUBLIC, REACH_LOOPBACK, REACH_ANY } reach_e;

/** A transfer in progress, or an idle handle. */
typedef struct transfer_t {
    struct transfer_t *next,
        **link; /**< in the list of active transfers; `next` in that of idle ones */
    orders_http_sender_t *sender;
    CURL *easy;
    struct curl_slist *headers;
    orders_http_message_t message;
    reach_e reach;
    apr_time_t from;
    apr_time_t replied_at; /**< when the headers of the reply were complete; 0: not yet */
    size_t header_bytes, body_bytes;
    int status;
    int retry_after;
    bool refused; /**< an address was not allowed */
} transfer_t;

struct orders_http_sender_t {
    apr_pool_t *pool;
    orders_http_sender_rules_t rules;
    CURLM *multi;
    transfer_t *active, *idle;
    int count; /**< of active transfers */
};

static void remove_transfer(transfer_t *transfer)
{
    orders_http_sender_t *sender = transfer->sender;

    (void)curl_multi_remove_handle(sender->multi, transfer->easy);
    curl_easy_reset(transfer->easy);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    *transfer->link = transfer->next;
    if (transfer->next) {
        transfer->next->link = transfer->link;
    }
    transfer->next = sender->idle;
    sender->idle = transfer;
    sender->count--;
}

void orders_http_sender_cancel(orders_http_sender_t *sender)
{
    while (sender->active) {
        remove_transfer(sender->active);
    }
}

void orders_http_sender_cancel_of(orders_http_sender_t *sender, const void *context)
{
    transfer_t *next;

    for (transfer_t *at = sender->active; at; at = next) {
        next = at->next;
        if (at->message.context == context) {
            remove_transfer(at);
        }
    }
}

static apr_status_t destroy(void *data)
{
    orders_http_sender_t *sender = data;

    orders_http_sender_cancel(sender);
    for (transfer_t *at = sender->idle; at; at = at->next) {
        curl_easy_cleanup(at->easy);
    }
    curl_multi_cleanup(sender->multi);
    return APR_SUCCESS;
}

orders_http_sender_t *orders_http_sender_create(apr_pool_t *pool,
                                                const orders_http_sender_rules_t *rules)
{
    orders_http_sender_t *sender = apr_pcalloc(pool, sizeof *sender);

    sender->pool = pool;
    sender->rules = *rules;
    sender->multi = curl_multi_init();
    if (!sender->multi) {
        return NULL;
    }
    (void)curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
    apr_pool_cleanup_register(pool, sender, destroy, apr_pool_cleanup_null);
    return sender;
}

static bool is_allowed(const transfer_t *transfer, const struct sockaddr *address)
{
    switch (transfer->reach) {
    case REACH_ANY:
        return true;
    case REACH_LOOPBACK:
        return orders_address_is_loopback(address);
    default:
        return orders_address_is_public(address);
    }
}

/** CURLOPT_OPENSOCKETFUNCTION: called with the address to which the socket will be connected. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer_t *transfer = context;

    if (purpose != CURLSOCKTYPE_IPCXN || !is_allowed(transfer, &address->addr)) {
        transfer->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/** Seconds of a Retry-After header: a number or an HTTP date. */
static int read_retry_after(const char *value)
{
    apr_int64_t seconds;

    if (value[strspn(value, "0123456789")]) {
        seconds = apr_time_sec(apr_date_parse_http(value) - apr_time_now());
    } else {
        seconds = strlen(value) > 9 ? ORDERS_HTTP_MAX_RETRY_AFTER : apr_atoi64(value);
    }
    return seconds <= 0                            ? 0
           : seconds > ORDERS_HTTP_MAX_RETRY_AFTER ? ORDERS_HTTP_MAX_RETRY_AFTER
                                                   : (int)seconds;
}

/** One line of the headers, without its line break. */
static void read_header(transfer_t *transfer, const char *line)
{
    static const char retry_after[] = "Retry-After:";

    if (!strncasecmp(line, "HTTP/", 5)) { /* of this reply, or of the one after a 1xx */
        const char *code = strchr(line, ' ');

        transfer->status = code ? (int)apr_atoi64(code + 1) : 0;
        transfer->retry_after = 0;
    } else if (!strncasecmp(line, retry_after, sizeof retry_after - 1)) {
        const char *value = line + sizeof retry_after - 1;

        transfer->retry_after = read_retry_after(value + strspn(value, " \t"));
    } else if (!*line && transfer->status >= 200) {
        transfer->replied_at = orders_clock_now();
    }
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    transfer_t *transfer = context;
    size_t length = size * count;
    char line[200];
    size_t copied = length < sizeof line ? length : sizeof line - 1;

    if (length > MAX_HEADER_BYTES - transfer->header_bytes) {
        return 0;
    }
    transfer->header_bytes += length;
    if (!transfer->replied_at) { /* not of a trailer */
        memcpy(line, data, copied);
        while (copied && apr_isspace(line[copied - 1])) {
            copied--;
        }
        line[copied] = '\0';
        read_header(transfer, line);
    }
    return length;
}

/** Drops the body. Ends the transfer when there is too much of it. */
static size_t drop_body(char *data, size_t size, size_t count, void *context)
{
    transfer_t *transfer = context;
    size_t length = size * count;

    transfer->body_bytes += length;
    return transfer->body_bytes > ORDERS_HTTP_SENDER_MAX_REPLY ? 0 : length;
}

/** CURLOPT_XFERINFOFUNCTION: ends a transfer whose body takes too long. */
static int check_body_time(void *context, curl_off_t total, curl_off_t received, curl_off_t to_send,
                           curl_off_t sent)
{
    const transfer_t *transfer = context;

    return transfer->replied_at && orders_clock_now() - transfer->replied_at > BODY_TIME;
}

static CURLcode set_callbacks(CURL *handle, transfer_t *transfer)
{
    CURLcode code = CURLE_OK;

    ORDERS_CURL_SET(CURLOPT_PRIVATE, transfer);
    ORDERS_CURL_SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    ORDERS_CURL_SET(CURLOPT_OPENSOCKETDATA, transfer);
    ORDERS_CURL_SET(CURLOPT_HEADERFUNCTION, take_header);
    ORDERS_CURL_SET(CURLOPT_HEADERDATA, transfer);
    ORDERS_CURL_SET(CURLOPT_WRITEFUNCTION, drop_body);
    ORDERS_CURL_SET(CURLOPT_WRITEDATA, transfer);
    ORDERS_CURL_SET(CURLOPT_XFERINFOFUNCTION, check_body_time);
    ORDERS_CURL_SET(CURLOPT_XFERINFODATA, transfer);
    ORDERS_CURL_SET(CURLOPT_NOPROGRESS, 0L);
    return code;
}

static CURLcode set_options(transfer_t *transfer)
{
    CURL *handle = transfer->easy;
    const orders_http_message_t *message = &transfer->message;
    CURLcode code = orders_http_header_list(message->headers, &transfer->headers);
    const orders_http_options_t options = {
        .url = message->url,
        .ca_file = transfer->sender->rules.ca_file,
        .timeout_ms = transfer->sender->rules.timeout_ms,
        .connect_ms = CONNECT_TIMEOUT_MS,
        .headers = transfer->headers,
        .body = message->body,
        .length = (curl_off_t)message->length,
    };

    if (code == CURLE_OK) {
        code = orders_http_set_options(handle, &options);
    }
    ORDERS_CURL_SET(CURLOPT_PROXY, ""); /* also ignores the variables of the environment */
    ORDERS_CURL_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return code == CURLE_OK ? set_callbacks(handle, transfer) : code;
}

static reach_e reach_of(const orders_http_sender_t *sender, const char *url)
{
    const apr_array_header_t *allowed = sender->rules.allowed_hosts;
    apr_pool_t *pool;
    reach_e reach = REACH_PUBLIC;

    apr_pool_create(&pool, sender->pool);
    const char *host = orders_http_host(pool, url);

    for (int i = 0; host && allowed && i < allowed->nelts; i++) {
        if (!strcasecmp(APR_ARRAY_IDX(allowed, i, const char *), host)) {
            reach = REACH_ANY;
        }
    }
    if (reach == REACH_PUBLIC && host && orders_http_is_loopback(host)) {
        reach = REACH_LOOPBACK;
    }
    apr_pool_destroy(pool);
    return reach;
}

/** A transfer with a libcurl handle, in no list; or NULL. */
static transfer_t *new_transfer(orders_http_sender_t *sender)
{
    transfer_t *transfer = sender->idle;

    if (transfer) {
        sender->idle = transfer->next;
        return transfer;
    }
    CURL *easy = curl_easy_init();

    if (easy) {
        transfer = apr_pcalloc(sender->pool, sizeof *transfer);
        transfer->easy = easy;
    }
    return transfer;
}

bool orders_http_sender_add(orders_http_sender_t *sender, const orders_http_message_t *message)
{
    transfer_t *transfer = new_transfer(sender);

    if (!transfer) {
        return false;
    }
    *transfer = (transfer_t){.sender = sender,
                             .easy = transfer->easy,
                             .message = *message,
                             .reach = reach_of(sender, message->url),
                             .from = orders_clock_now(),
                             .next = sender->active,
                             .link = &sender->active};
    if (transfer->next) {
        transfer->next->link = &transfer->next;
    }
    sender->active = transfer;
    sender->count++;
    orders_curl_share(transfer->easy);
    if (set_options(transfer) != CURLE_OK ||
        curl_multi_add_handle(sender->multi, transfer->easy) != CURLM_OK) {
        remove_transfer(transfer);
        return false;
    }
    return true;
}

static const char *word_of(CURLcode code, bool refused)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "host_not_found";
    case CURLE_COULDNT_CONNECT:
        return refused ? "address_not_allowed" : "connection_failed";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return "tls_failed";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return "connection_closed";
    case CURLE_URL_MALFORMAT:
        return "invalid_url";
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return "internal_error";
    default:
        return "invalid_reply";
    }
}

static orders_http_outcome_t outcome_of(const transfer_t *transfer, CURLcode code)
{
    const apr_time_t until = transfer->replied_at ? transfer->replied_at : orders_clock_now();
    orders_http_outcome_t outcome = {.ms = (int)apr_time_as_msec(until - transfer->from)};

    if (transfer->replied_at) {
        outcome.status = transfer->status;
        outcome.arrived = outcome.status / 100 == 2;
        outcome.retry_after = transfer->retry_after;
    } else {
        outcome.error = code == CURLE_OK ? "invalid_reply" : word_of(code, transfer->refused);
    }
    return outcome;
}

/** Removes the transfers that have ended. True if there were any. */
static bool finish_transfers(orders_http_sender_t *sender)
{
    const CURLMsg *message;
    bool any = false;
    int left;

    while ((message = curl_multi_info_read(sender->multi, &left))) {
        const CURLcode code = message->data.result;
        transfer_t *transfer = NULL;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK) {
            continue;
        }
        const orders_http_outcome_t outcome = outcome_of(transfer, code);
        const orders_http_message_t ended = transfer->message;

        remove_transfer(transfer); /* `message` is invalid now */
        ended.done(ended.context, &outcome);
        any = true;
    }
    return any;
}

void orders_http_sender_drive(orders_http_sender_t *sender, int wait_ms)
{
    const apr_time_t end = orders_clock_now() + apr_time_from_msec(wait_ms);
    int running;

    do {
        apr_interval_time_t left = end - orders_clock_now();

        (void)curl_multi_perform(sender->multi, &running);
        if (finish_transfers(sender) || left <= 0) {
            break;
        }
        left = apr_time_as_msec(left);
        (void)curl_multi_poll(sender->multi, NULL, 0, left > 1000 ? 1000 : (int)left + 1, NULL);
    } while (true);
}

int orders_http_sender_active(const orders_http_sender_t *sender)
{
    return sender->count;
}
