/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/fetches.h"

#include <apr_strings.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "core/clock.h"
#include "payments/provider_problem.h"

#define MAX_FETCHES 2
#define MAX_FAILED 64
#define FAILED_FOR apr_time_from_sec(30)

typedef struct failed_t {
    char url[ORDERS_PAYPAL_MAX_URL + 1];
    apr_time_t until; /**< of orders_clock_now(); 0: unused */
    orders_paypal_fetched_e outcome;
} failed_t;

/** Used in child processes only. The oldest failed URL is replaced. */
static struct {
    pthread_mutex_t lock;
    char under_way[MAX_FETCHES][ORDERS_PAYPAL_MAX_URL + 1]; /**< "": free */
    failed_t failed[MAX_FAILED];
    int refused; /**< fetches refused since one failed */
} fetches = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** The entry of a URL, or NULL; "" finds a free entry. */
static char *under_way(const char *url)
{
    for (int i = 0; i < MAX_FETCHES; i++) {
        if (!strcmp(fetches.under_way[i], url)) {
            return fetches.under_way[i];
        }
    }
    return NULL;
}

static orders_paypal_fetched_e failed(const char *url)
{
    const apr_time_t now = orders_clock_now();

    for (int i = 0; i < MAX_FAILED; i++) {
        if (fetches.failed[i].until > now && !strcmp(fetches.failed[i].url, url)) {
            return fetches.failed[i].outcome;
        }
    }
    return ORDERS_PAYPAL_FETCHED;
}

static void remember(const char *url, orders_paypal_fetched_e outcome)
{
    failed_t *place = &fetches.failed[0];

    for (int i = 1; i < MAX_FAILED; i++) {
        if (fetches.failed[i].until < place->until) {
            place = &fetches.failed[i];
        }
    }
    apr_cpystrn(place->url, url, sizeof(place->url));
    place->until = orders_clock_now() + FAILED_FOR;
    place->outcome = outcome;
}

/** Why a URL must not be fetched now, or NULL. */
static const char *reserve(const char *url, orders_paypal_fetched_e last)
{
    char *place = under_way("");

    if (last != ORDERS_PAYPAL_FETCHED) {
        return last == ORDERS_PAYPAL_BAD ? "PayPal's certificate was not good a moment ago"
                                         : "PayPal's certificate could not be had a moment ago";
    }
    if (under_way(url)) {
        return "PayPal's certificate is being fetched";
    }
    if (!place) {
        return "too many certificates are being fetched";
    }
    apr_cpystrn(place, url, sizeof(fetches.under_way[0]));
    return NULL;
}

orders_problem_t *orders_paypal_fetch_begin(apr_pool_t *pool, const char *url)
{
    orders_paypal_fetched_e last;
    orders_problem_t *problem;
    const char *refusal;

    pthread_mutex_lock(&fetches.lock);
    last = failed(url);
    refusal = reserve(url, last);
    fetches.refused += refusal && fetches.refused < INT_MAX;
    pthread_mutex_unlock(&fetches.lock);
    if (!refusal) {
        return NULL;
    }
    problem = last == ORDERS_PAYPAL_BAD
                  ? orders_problem_logged(pool, ORDERS_E_invalid_signature, refusal)
                  : orders_provider_unreachable(pool, refusal);
    problem->quiet = true;
    return problem;
}

int orders_paypal_fetch_end(const char *url, orders_paypal_fetched_e outcome)
{
    int refused = 0;
    char *place;

    pthread_mutex_lock(&fetches.lock);
    place = under_way(url);
    if (place) {
        *place = '\0';
    }
    if (outcome != ORDERS_PAYPAL_FETCHED) {
        remember(url, outcome);
        refused = fetches.refused;
        fetches.refused = 0;
    }
    pthread_mutex_unlock(&fetches.lock);
    return refused;
}

void orders_paypal_fetches_forget(void)
{
    pthread_mutex_lock(&fetches.lock);
    memset(fetches.failed, 0, sizeof(fetches.failed));
    fetches.refused = 0;
    pthread_mutex_unlock(&fetches.lock);
}
