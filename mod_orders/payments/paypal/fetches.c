/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/fetches.h"

#include <apr_strings.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "core/clock.h"
#include "payments/provider_problem.h"

#define MAX_FETCHES 2
#define MAX_FAILURES 64
#define FAILURE_LIFETIME apr_time_from_sec(30)

typedef struct failed_url_t {
    char url[ORDERS_PAYPAL_MAX_URL + 1];
    apr_time_t until; /**< of orders_clock_now(); 0: unused */
    orders_paypal_fetched_e outcome;
} failed_url_t;

/** Used in child processes only. A new failure replaces the oldest one. */
static struct {
    pthread_mutex_t lock;
    char in_progress[MAX_FETCHES][ORDERS_PAYPAL_MAX_URL + 1]; /**< "": free */
    failed_url_t failures[MAX_FAILURES];
    int refused; /**< fetches refused since the last failure */
} fetches = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** Caller holds the lock. The entry of a URL, or NULL; "" finds a free entry. */
static char *find_in_progress(const char *url)
{
    for (int i = 0; i < MAX_FETCHES; i++) {
        if (!strcmp(fetches.in_progress[i], url)) {
            return fetches.in_progress[i];
        }
    }
    return NULL;
}

/** Caller holds the lock. The outcome of a recent failure; ORDERS_PAYPAL_FETCHED: none. */
static orders_paypal_fetched_e find_failure(const char *url)
{
    const apr_time_t now = orders_clock_now();

    for (int i = 0; i < MAX_FAILURES; i++) {
        if (fetches.failures[i].until > now && !strcmp(fetches.failures[i].url, url)) {
            return fetches.failures[i].outcome;
        }
    }
    return ORDERS_PAYPAL_FETCHED;
}

static void store_failure(const char *url, orders_paypal_fetched_e outcome)
{
    failed_url_t *entry = &fetches.failures[0];

    for (int i = 1; i < MAX_FAILURES; i++) {
        if (fetches.failures[i].until < entry->until) {
            entry = &fetches.failures[i];
        }
    }
    apr_cpystrn(entry->url, url, sizeof(entry->url));
    entry->until = orders_clock_now() + FAILURE_LIFETIME;
    entry->outcome = outcome;
}

/** Caller holds the lock. NULL, or the reason why the URL must not be fetched now. */
static const char *reserve_fetch(const char *url, orders_paypal_fetched_e last_outcome)
{
    char *entry = find_in_progress("");

    if (last_outcome != ORDERS_PAYPAL_FETCHED) {
        return last_outcome == ORDERS_PAYPAL_BAD
                   ? "PayPal's certificate was refused less than 30 s ago"
                   : "fetching PayPal's certificate failed less than 30 s ago";
    }
    if (find_in_progress(url)) {
        return "another thread is fetching PayPal's certificate";
    }
    if (!entry) {
        return "the limit of concurrent certificate fetches is reached";
    }
    apr_cpystrn(entry, url, sizeof(fetches.in_progress[0]));
    return NULL;
}

orders_problem_t *orders_paypal_fetch_begin(apr_pool_t *pool, const char *url)
{
    orders_paypal_fetched_e last_outcome;
    orders_problem_t *problem;
    const char *refusal;

    pthread_mutex_lock(&fetches.lock);
    last_outcome = find_failure(url);
    refusal = reserve_fetch(url, last_outcome);
    fetches.refused += refusal && fetches.refused < INT_MAX;
    pthread_mutex_unlock(&fetches.lock);
    if (!refusal) {
        return NULL;
    }
    problem = last_outcome == ORDERS_PAYPAL_BAD
                  ? orders_problem_logged(pool, ORDERS_E_invalid_signature, refusal)
                  : orders_provider_unreachable(pool, refusal);
    problem->quiet = true;
    return problem;
}

int orders_paypal_fetch_end(const char *url, orders_paypal_fetched_e outcome)
{
    int refused = 0;
    char *entry;

    pthread_mutex_lock(&fetches.lock);
    entry = find_in_progress(url);
    if (entry) {
        *entry = '\0';
    }
    if (outcome != ORDERS_PAYPAL_FETCHED) {
        store_failure(url, outcome);
        refused = fetches.refused;
        fetches.refused = 0;
    }
    pthread_mutex_unlock(&fetches.lock);
    return refused;
}

void orders_paypal_fetches_forget(void)
{
    pthread_mutex_lock(&fetches.lock);
    memset(fetches.failures, 0, sizeof(fetches.failures));
    fetches.refused = 0;
    pthread_mutex_unlock(&fetches.lock);
}
