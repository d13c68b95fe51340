/* SPDX-License-Identifier: Apache-2.0 */
#include "net/curl_drive.h"

#include <pthread.h>
#include <stddef.h>

/** Interval at which a transfer checks whether it was cancelled. */
#define CANCEL_CHECK_MS 200

static CURLcode drive(CURLM *multi, bool (*cancelled)(void *context), void *context)
{
    const CURLMsg *message;
    int running = 1, left = 0;

    while (curl_multi_perform(multi, &running) == CURLM_OK && running) {
        if (cancelled && cancelled(context)) {
            return CURLE_ABORTED_BY_CALLBACK;
        }
        if (curl_multi_poll(multi, NULL, 0, CANCEL_CHECK_MS, NULL) != CURLM_OK) {
            break;
        }
    }
    message = running ? NULL : curl_multi_info_read(multi, &left);
    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

CURLcode orders_curl_drive(CURLM *multi, CURL *easy, bool (*cancelled)(void *context),
                           void *context)
{
    CURLcode code = CURLE_FAILED_INIT;

    if (curl_multi_add_handle(multi, easy) == CURLM_OK) {
        code = drive(multi, cancelled, context);
        curl_multi_remove_handle(multi, easy);
    }
    return code;
}

/** Set by startup, and constant until shutdown. */
static struct {
    CURLSH *handle;
    pthread_mutex_t lock[CURL_LOCK_DATA_LAST];
} share;

static void lock_data(CURL *easy, curl_lock_data data, curl_lock_access access, void *context)
{
    pthread_mutex_lock(&share.lock[data]);
}

static void unlock_data(CURL *easy, curl_lock_data data, void *context)
{
    pthread_mutex_unlock(&share.lock[data]);
}

static bool set_share(CURLSH *handle)
{
    return curl_share_setopt(handle, CURLSHOPT_LOCKFUNC, lock_data) == CURLSHE_OK &&
           curl_share_setopt(handle, CURLSHOPT_UNLOCKFUNC, unlock_data) == CURLSHE_OK &&
           curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

void orders_curl_share_startup(void)
{
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        pthread_mutex_init(&share.lock[i], NULL);
    }
    share.handle = curl_share_init();
    if (share.handle && !set_share(share.handle)) {
        curl_share_cleanup(share.handle);
        share.handle = NULL;
    }
}

void orders_curl_share_shutdown(void)
{
    curl_share_cleanup(share.handle);
    share.handle = NULL;
}

void orders_curl_share(CURL *easy)
{
    if (share.handle) {
        (void)curl_easy_setopt(easy, CURLOPT_SHARE, share.handle);
    }
}
