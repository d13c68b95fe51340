/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Values are those of the shared memory (metrics/metrics.h), so the process that responds does not matter. The states of the circuit breakers are those
 * of this process.
 */
#include "httpd/status.h"

#include <httpd.h>

#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <http_main.h>
#include <http_protocol.h>
#include <mod_status.h>
#include <string.h>

#include "httpd/config.h"
#include "metrics/metrics.h"
#include "net/breaker.h"

/** The keys of the text begin with it. */
#define KEY "Orders"

typedef struct page_t {
    request_rec *r;
    bool is_text; /**< ?auto */
} page_t;

/** A line: `key` in the text, `title` in HTML. */
static void write_number(const page_t *page, const char *key, const char *title, int64_t value)
{
    ap_rprintf(page->r,
               page->is_text ? KEY "%s: %" APR_INT64_T_FMT "\n"
                             : "<dt>%s: %" APR_INT64_T_FMT "</dt>\n",
               page->is_text ? key : title, (apr_int64_t)value);
}

static void write_word(const page_t *page, const char *key, const char *title, const char *value)
{
    ap_rprintf(page->r, page->is_text ? KEY "%s: %s\n" : "<dt>%s: %s</dt>\n",
               page->is_text ? key : title, value);
}

static void write_sessions(const page_t *page)
{
    const orders_metrics_t *metrics = orders_metrics();
    const orders_metrics_totals_t totals = orders_metrics_totals();

    write_word(page, "Database", "Database", totals.outages ? "unreachable" : "reachable");
    write_number(page, "SchemaVersion", "Version of the schema (-1: not read)",
                 orders_metrics_gauge(&metrics->schema_version));
    write_number(page, "SessionsLimit", "Database sessions that may be used", totals.limit);
    write_number(page, "SessionsAllowed", "Database sessions that the database accepts",
                 totals.allowed);
    write_number(page, "SessionsInUse", "Database sessions in use", totals.in_use);
    write_number(page, "SessionsWaiting", "Requests and jobs that wait for a session",
                 totals.waiting);
#define X(name, label)                                                                             \
    write_number(                                                                                  \
        page, "SessionsRefused[" label "]", "Requests and jobs without a session (" label ")",     \
        (int64_t)orders_metrics_load(&metrics->limiter_refused[ORDERS_LIMITER_REFUSAL_##name]));
    ORDERS_LIMITER_REFUSALS(X)
#undef X
#define X(name, label)                                                                             \
    write_number(                                                                                  \
        page, "TokenCache[" label "]", "Lookups in the token cache (" label ")",                   \
        (int64_t)orders_metrics_load(&metrics->cache_lookups[ORDERS_CACHE_LOOKUP_##name]));
    ORDERS_CACHE_LOOKUPS(X)
#undef X
}

static const char *format_age(apr_pool_t *pool, int64_t time)
{
    return time ? apr_psprintf(pool, "%" APR_TIME_T_FMT " s ago",
                               apr_time_sec(apr_time_now() - (apr_time_t)time))
                : "never";
}

static void write_job(const page_t *page, const char *job, const char *channel,
                      const orders_job_metrics_t *counters)
{
    const int64_t success = orders_metrics_gauge(&counters->last_success);
    const apr_uint64_t runs = orders_metrics_load(&counters->runs);
    const apr_uint64_t items = orders_metrics_load(&counters->items);
    const apr_uint64_t failures = orders_metrics_load(&counters->failures);
    const char *name = apr_pstrcat(page->r->pool, job, channel ? "/" : "", channel, NULL);

    if (!runs) {
        return;
    }
    if (page->is_text) {
        ap_rprintf(page->r,
                   KEY "Job[%s]LastSuccess: %" APR_TIME_T_FMT "\n" KEY
                       "Job[%s]Runs: %" APR_UINT64_T_FMT "\n" KEY "Job[%s]Items: %" APR_UINT64_T_FMT
                       "\n" KEY "Job[%s]Failures: %" APR_UINT64_T_FMT "\n",
                   name, apr_time_sec((apr_time_t)success), name, runs, name, items, name,
                   failures);
    } else {
        ap_rprintf(page->r,
                   "<dt>Job %s: last success %s, %" APR_UINT64_T_FMT " runs, %" APR_UINT64_T_FMT
                   " items, %" APR_UINT64_T_FMT " failures</dt>\n",
                   ap_escape_html(page->r->pool, name), format_age(page->r->pool, success), runs,
                   items, failures);
    }
}

static void write_jobs(const page_t *page)
{
    const orders_metrics_t *metrics = orders_metrics();
    const orders_metrics_names_t *names = orders_metrics_names();
    const int64_t channels = orders_metrics_gauge(&metrics->channel_count);

    for (size_t job = 0; job < names->job_count && job < ORDERS_METRICS_JOBS; job++) {
        write_job(page, names->jobs[job], NULL, &metrics->jobs[job][0]);
        for (int64_t i = 0; i < channels; i++) {
            write_job(page, names->jobs[job], metrics->channel_names[i],
                      &metrics->jobs[job][1 + i]);
        }
    }
}

/** The circuit breaker of a configured channel. NULL: the channel was removed from the configuration. */
static const orders_channel_t *find_channel(const char *name)
{
    for (server_rec *server = ap_server_conf; server; server = server->next) {
        const orders_providers_t known = {.channels = orders_server_conf(server)->channels};
        const orders_channel_t *channel = orders_channel_find(&known, name);

        if (channel) {
            return channel;
        }
    }
    return NULL;
}

static void write_channel(const page_t *page, const char *name,
                          const orders_channel_metrics_t *counters)
{
    const orders_channel_t *channel = find_channel(name);
    const char *state = channel ? orders_breaker_word(channel->breaker) : "removed";

    ap_rprintf(page->r, page->is_text ? KEY "Channel[%s]State: %s\n" : "<dt>Channel %s: calls %s",
               page->is_text ? name : ap_escape_html(page->r->pool, name), state);
#define X(outcome, label)                                                                          \
    if (page->is_text) {                                                                           \
        ap_rprintf(page->r, KEY "Channel[%s]Calls[" label "]: ", name);                            \
    }                                                                                              \
    ap_rprintf(                                                                                    \
        page->r, page->is_text ? "%" APR_UINT64_T_FMT "\n" : ", %" APR_UINT64_T_FMT " " label,     \
        (apr_uint64_t)orders_metrics_load(&counters->calls[ORDERS_PROVIDER_CALL_##outcome]));
    ORDERS_PROVIDER_CALLS(X)
#undef X
    if (!page->is_text) {
        ap_rputs("</dt>\n", page->r);
    }
}

static void write_channels(const page_t *page)
{
    const orders_metrics_t *metrics = orders_metrics();
    const int64_t channels = orders_metrics_gauge(&metrics->channel_count);

    for (int64_t i = 0; i < channels; i++) {
        write_channel(page, metrics->channel_names[i], &metrics->channels[i]);
    }
}

/** mod_status's hook. */
static int write_status(request_rec *r, int flags)
{
    const page_t page = {.r = r, .is_text = flags & AP_STATUS_SHORT};

    if (!orders_metrics()) {
        return DECLINED;
    }
    ap_rputs(page.is_text ? KEY "Version: " ORDERS_VERSION "\n"
                          : "<hr />\n<h2>mod_orders " ORDERS_VERSION "</h2>\n<dl>\n",
             r);
    write_sessions(&page);
    write_jobs(&page);
    write_channels(&page);
    if (!page.is_text) {
        ap_rputs("</dl>\n", r);
    }
    return OK;
}

void orders_status_register_hooks(apr_pool_t *pool)
{
    APR_OPTIONAL_HOOK(ap, status_hook, write_status, NULL, NULL, APR_HOOK_MIDDLE);
}
