/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/guess_limit.h"

#include <httpd.h>

#include <apr_network_io.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>
#include <util_mutex.h>

#include "core/clock.h"
#include "core/digest.h"

APLOG_USE_MODULE(orders);

#define MUTEX_TYPE "orders-guesses"
#define SETS 2048
#define WAYS 4
#define MINUTE apr_time_from_sec(60)

/** Each failure increases `expires_at` by a minute divided by the limit. The limit is reached when it is almost a minute in the future. */
typedef struct counter_t {
    apr_uint64_t key;
    apr_time_t expires_at;
} counter_t;

typedef struct shared_counters_t {
    counter_t counter[SETS][WAYS];
} shared_counters_t;

/** Set by post_config, constant afterwards. `shared` is NULL without access to the mutex. */
static struct {
    apr_global_mutex_t *mutex;
    shared_counters_t *shared;
} limit;

/** A user or a client address, for which failures are counted. */
typedef struct subject_t {
    apr_uint64_t key;
    int failures; /**< allowed per minute; 0: no limit */
} subject_t;

#define SUBJECTS 2

void orders_guess_limit_register(apr_pool_t *pconf)
{
    memset(&limit, 0, sizeof limit);
    ap_mutex_register(pconf, MUTEX_TYPE, NULL, APR_LOCK_DEFAULT, 0);
}

int orders_guess_limit_open(apr_pool_t *pconf, server_rec *main)
{
    apr_shm_t *segment;
    apr_status_t status =
        ap_global_mutex_create(&limit.mutex, NULL, MUTEX_TYPE, NULL, main, pconf, 0);

    if (status == APR_SUCCESS) {
        status = apr_shm_create(&segment, sizeof(shared_counters_t), NULL, pconf);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "cannot create the shared memory of OrdersGuessLimit");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    limit.shared = apr_shm_baseaddr_get(segment);
    memset(limit.shared, 0, sizeof *limit.shared);
    return OK;
}

void orders_guess_limit_child_init(apr_pool_t *pchild, server_rec *main)
{
    apr_status_t status;

    if (!limit.shared) {
        return;
    }
    status =
        apr_global_mutex_child_init(&limit.mutex, apr_global_mutex_lockfile(limit.mutex), pchild);
    if (status != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_CRIT, status, main,
            "OrdersGuessLimit does not apply in this process: cannot open the mutex " MUTEX_TYPE);
        limit.shared = NULL;
    }
}

/** IPv6: the first 64 bits of the address, because a client can choose the rest. */
static const char *client_network(request_rec *r)
{
#if APR_HAVE_IPV6
    const apr_sockaddr_t *address = r->useragent_addr;

    if (address && address->family == APR_INET6 && address->ipaddr_len == 16 &&
        !IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address->ipaddr_ptr)) {
        char *text = apr_palloc(r->pool, 17);

        ap_bin2hex(address->ipaddr_ptr, 8, text);
        return text;
    }
#endif
    return r->useragent_ip ? r->useragent_ip : "";
}

static apr_uint64_t counter_key(const orders_request_t *request, const char *kind, const char *name)
{
    const unsigned char *database = request->server.database;
    const char *text = apr_psprintf(request->r->pool, "%s %d %s ", kind, request->dir.tenant, name);
    size_t length = strlen(text), size = database ? ORDERS_SHA256_SIZE : 0;
    unsigned char *bytes = apr_palloc(request->r->pool, length + size);
    unsigned char hash[ORDERS_SHA256_SIZE] = {0};
    apr_uint64_t key;

    memcpy(bytes, text, length);
    if (database) {
        memcpy(bytes + length, database, size);
    }
    if (!orders_sha256(hash, bytes, length + size)) {
        return 0;
    }
    memcpy(&key, hash, sizeof key);
    return key;
}

static void find_subjects(const orders_request_t *request, subject_t subjects[SUBJECTS])
{
    request_rec *r = request->r;
    const char *user =
        apr_psprintf(r->pool, "%" APR_INT64_T_FMT, (apr_int64_t)request->identity->user_id);

    subjects[0] = (subject_t){counter_key(request, "user", user), request->dir.guesses_of_user};
    subjects[1] = (subject_t){counter_key(request, "address", client_network(r)),
                              request->dir.guesses_of_address};
}

static bool lock(void)
{
    return limit.shared && apr_global_mutex_lock(limit.mutex) == APR_SUCCESS;
}

/** Caller holds the mutex. The counter of `key`, or the one to replace. */
static counter_t *find_counter(apr_uint64_t key)
{
    counter_t *set = limit.shared->counter[key % SETS], *oldest = set;

    for (int way = 0; way < WAYS; way++) {
        if (set[way].key == key) {
            return &set[way];
        }
        if (set[way].expires_at < oldest->expires_at) {
            oldest = &set[way];
        }
    }
    return oldest;
}

/** Caller holds the mutex. Time until the next failure is allowed; 0: it is allowed now. */
static apr_time_t remaining_wait(const subject_t *subject, apr_time_t now)
{
    const counter_t *counter = find_counter(subject->key);
    apr_time_t latest = subject->failures ? now + MINUTE - MINUTE / subject->failures : 0;

    return latest && counter->key == subject->key && counter->expires_at > latest
               ? counter->expires_at - latest
               : 0;
}

orders_problem_t *orders_guess_limit_check(const orders_request_t *request)
{
    subject_t subjects[SUBJECTS];
    apr_time_t now = orders_clock_now(), wait = 0;
    orders_problem_t *problem;

    find_subjects(request, subjects);
    if (!lock()) {
        return NULL;
    }
    for (int i = 0; i < SUBJECTS; i++) {
        apr_time_t own_wait = remaining_wait(&subjects[i], now);

        wait = own_wait > wait ? own_wait : wait;
    }
    (void)apr_global_mutex_unlock(limit.mutex);
    if (!wait) {
        return NULL;
    }
    problem = orders_problem(request->r->pool, ORDERS_E_too_many_requests,
                             "Too many requests for orders that do not exist. Try again later.");
    problem->retry_after = (int)apr_time_sec(wait) + 1;
    return problem;
}

static void add_failure(const subject_t *subject, apr_time_t now)
{
    counter_t *counter = find_counter(subject->key);

    if (!subject->failures) {
        return;
    }
    if (counter->key != subject->key || counter->expires_at < now) {
        *counter = (counter_t){subject->key, now};
    }
    counter->expires_at += MINUTE / subject->failures;
}

void orders_guess_limit_count(const orders_request_t *request, const orders_problem_t *problem)
{
    subject_t subjects[SUBJECTS];
    apr_time_t now = orders_clock_now();

    if (!problem || !request->identity ||
        (problem->error != ORDERS_E_not_found && problem->error != ORDERS_E_order_bound &&
         problem->error != ORDERS_E_not_the_retailer)) {
        return;
    }
    find_subjects(request, subjects);
    if (!lock()) {
        return;
    }
    for (int i = 0; i < SUBJECTS; i++) {
        add_failure(&subjects[i], now);
    }
    (void)apr_global_mutex_unlock(limit.mutex);
}
