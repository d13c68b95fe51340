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

/** Each failure adds its share of a minute to `paid_off`; what lies in the future is still held against the caller. */
typedef struct counter_t {
    apr_uint64_t key;
    apr_time_t paid_off;
} counter_t;

typedef struct shared_t {
    counter_t counter[SETS][WAYS];
} shared_t;

/** Set by post_config, the same in every child from then on. `shared` is NULL when there is no access to it. */
static struct {
    apr_global_mutex_t *mutex;
    shared_t *shared;
} limit;

/** What a caller is counted by. */
typedef struct account_t {
    apr_uint64_t key;
    int failures; /**< a minute; 0: no limit */
} account_t;

#define ACCOUNTS 2

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
        status = apr_shm_create(&segment, sizeof(shared_t), NULL, pconf);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "no shared memory for the limit of failed look-ups");
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
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "failed look-ups are not limited: no access to the mutex " MUTEX_TYPE);
        limit.shared = NULL;
    }
}

/** An IPv6 address counts by its first 64 bits, which one client has to itself. */
static const char *network_of(request_rec *r)
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

static apr_uint64_t key_of(const orders_request_t *request, const char *kind, const char *name)
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

static void find_accounts(const orders_request_t *request, account_t accounts[ACCOUNTS])
{
    request_rec *r = request->r;
    const char *user =
        apr_psprintf(r->pool, "%" APR_INT64_T_FMT, (apr_int64_t)request->identity->user_id);

    accounts[0] = (account_t){key_of(request, "user", user), request->dir.guesses_of_user};
    accounts[1] =
        (account_t){key_of(request, "address", network_of(r)), request->dir.guesses_of_address};
}

static bool lock(void)
{
    return limit.shared && apr_global_mutex_lock(limit.mutex) == APR_SUCCESS;
}

/** Its counter; otherwise the place for it, whose counter has least to remember. */
static counter_t *place_of(apr_uint64_t key)
{
    counter_t *set = limit.shared->counter[key % SETS], *place = set;

    for (int way = 0; way < WAYS; way++) {
        if (set[way].key == key) {
            return &set[way];
        }
        if (set[way].paid_off < place->paid_off) {
            place = &set[way];
        }
    }
    return place;
}

/** How long the account has to wait until it may fail once more; 0: it may now. */
static apr_time_t wait_of(const account_t *account, apr_time_t now)
{
    const counter_t *counter = place_of(account->key);
    apr_time_t latest = account->failures ? now + MINUTE - MINUTE / account->failures : 0;

    return latest && counter->key == account->key && counter->paid_off > latest
               ? counter->paid_off - latest
               : 0;
}

orders_problem_t *orders_guess_limit_check(const orders_request_t *request)
{
    account_t accounts[ACCOUNTS];
    apr_time_t now = orders_clock_now(), wait = 0;
    orders_problem_t *problem;

    find_accounts(request, accounts);
    if (!lock()) {
        return NULL;
    }
    for (int i = 0; i < ACCOUNTS; i++) {
        apr_time_t own = wait_of(&accounts[i], now);

        wait = own > wait ? own : wait;
    }
    (void)apr_global_mutex_unlock(limit.mutex);
    if (!wait) {
        return NULL;
    }
    problem = orders_problem(request->r->pool, ORDERS_E_too_many_requests,
                             "Too many orders that are not there were asked for.");
    problem->retry_after = (int)apr_time_sec(wait) + 1;
    return problem;
}

static void add_failure(const account_t *account, apr_time_t now)
{
    counter_t *counter = place_of(account->key);

    if (!account->failures) {
        return;
    }
    if (counter->key != account->key || counter->paid_off < now) {
        *counter = (counter_t){account->key, now};
    }
    counter->paid_off += MINUTE / account->failures;
}

void orders_guess_limit_count(const orders_request_t *request, const orders_problem_t *problem)
{
    account_t accounts[ACCOUNTS];
    apr_time_t now = orders_clock_now();

    if (!problem || !request->identity ||
        (problem->error != ORDERS_E_not_found && problem->error != ORDERS_E_order_bound &&
         problem->error != ORDERS_E_not_the_retailer)) {
        return;
    }
    find_accounts(request, accounts);
    if (!lock()) {
        return;
    }
    for (int i = 0; i < ACCOUNTS; i++) {
        add_failure(&accounts[i], now);
    }
    (void)apr_global_mutex_unlock(limit.mutex);
}
