/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/request.h"

#include <apr_fnmatch.h>
#include <string.h>

#include "core/digest.h"
#include "core/etag.h"
#include "core/fingerprint.h"
#include "core/idempotency.h"

orders_reader_t orders_call_reader(const orders_call_t *call)
{
    return (orders_reader_t){
        .database = call->database,
        .pool = call->pool,
        .tenant = call->identity ? call->identity->tenant : call->settings->tenant,
    };
}

orders_problem_t *orders_call_writer(orders_writer_t *writer, const orders_call_t *call,
                                     const char *actor, const char *field)
{
    const char *key;
    unsigned char *fingerprint = NULL;
    ORDERS_TRY(orders_idempotency_key(&key, call->pool, call->idempotency_key, field));
    if (call->dry_run) {
        key = NULL; /* neither stored nor replayed */
    }
    if (key) {
        fingerprint = apr_palloc(call->pool, ORDERS_SHA256_SIZE);
        ORDERS_TRY(orders_fingerprint(fingerprint, call));
    }
    *writer = (orders_writer_t){
        .database = call->database,
        .pool = call->pool,
        .tenant = call->identity ? call->identity->tenant : call->settings->tenant,
        .api = call->api->name,
        .actor = actor,
        .actor_id = call->identity ? call->identity->user_id : 0,
        .route = call->route->name,
        .key = key,
        .fingerprint = fingerprint,
        .key_in_header = call->idempotency_key != NULL,
    };
    return NULL;
}

orders_problem_t *orders_call_match_version(const orders_call_t *call, const char *message,
                                            apr_array_header_t **match)
{
    return orders_etag_if_match(call->if_match, call->pool, match) == ORDERS_IF_MATCH_NEVER
               ? orders_problem(call->pool, ORDERS_E_version_mismatch, message)
               : NULL;
}

orders_problem_t *orders_call_match(const orders_call_t *call, apr_array_header_t **match)
{
    return orders_call_match_version(call, NULL, match);
}

orders_problem_t *orders_call_match_document(const orders_call_t *call, const char *message,
                                             apr_array_header_t **match)
{
    return orders_etag_if_match_document(call->if_match, call->pool, match) == ORDERS_IF_MATCH_NEVER
               ? orders_problem(call->pool, ORDERS_E_version_mismatch, message)
               : NULL;
}

/* The header of current browsers (https://fetch.spec.whatwg.org/#sec-purpose-header) and those of older ones. */
bool orders_call_is_prefetch(const orders_call_t *call)
{
    static const char *const names[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"};
    static const char *const purposes[] = {"*prefetch*", "*preview*"};
    for (size_t i = 0; i < ORDERS_COUNT(names); i++) {
        const char *purpose = call->header(call, names[i]);
        for (size_t p = 0; purpose && p < ORDERS_COUNT(purposes); p++) {
            if (apr_fnmatch(purposes[p], purpose, APR_FNM_CASE_BLIND) == APR_SUCCESS) {
                return true;
            }
        }
    }
    return false;
}

bool orders_call_is_read_only(const orders_call_t *call)
{
    return call->head || orders_call_is_prefetch(call);
}

void orders_reply_outcome(const orders_call_t *call, const char *outcome, orders_reply_t *reply)
{
    if (call->route->success[1] && !orders_outcome_is(outcome, "done") &&
        !orders_outcome_is(outcome, "created")) {
        reply->status = call->route->success[1];
    }
}

const char *orders_or_null(const char *text)
{
    return text && *text ? text : NULL;
}
