/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/health.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

#include "httpd/config.h"
#include "httpd/sessions.h"
#include "httpd/worker.h"
#include "metrics/metrics.h"

APLOG_USE_MODULE(orders);

#define HANDLER "orders-health"
/** The worker is late after this number of intervals (OrdersWorkerInterval) without a successful run, and at least this time. */
#define LATE_INTERVALS 12
#define MIN_LATE apr_time_from_sec(15)

static bool is_ready(const orders_readiness_t *readiness)
{
    return readiness->answered && readiness->supported;
}

/** The pools of all servers of this process: the first one that is not ready, or the first of all. */
static void ask_all(server_rec *main, orders_readiness_t *readiness)
{
    bool found = false;

    *readiness = (orders_readiness_t){.schema_version = -1};
    for (server_rec *server = main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);
        orders_readiness_t one;

        if (conf->first != server || (found && !is_ready(readiness))) {
            continue;
        }
        orders_sessions_readiness(conf->session_pool, &one);
        if (!found || !is_ready(&one)) {
            *readiness = one;
        }
        found = true;
    }
}

/** The pool of the server that received the request; all pools, if this server has no API. */
static void ask_pools(const request_rec *r, orders_readiness_t *readiness)
{
    const orders_server_conf_t *conf = orders_server_conf(r->server);

    if (conf->first) {
        orders_sessions_readiness(conf->session_pool, readiness);
    } else {
        ask_all(ap_server_conf, readiness);
    }
}

/** The last success of any job on this server, in any process; the start of the server, if there was none. */
static apr_time_t last_job_success(const orders_metrics_t *metrics)
{
    apr_time_t last = (apr_time_t)orders_metrics_gauge(&metrics->created_at);

    for (size_t job = 0; job < ORDERS_METRICS_JOBS; job++) {
        for (size_t i = 0; i < ORDERS_METRICS_CHANNELS + 2; i++) {
            const apr_time_t success =
                (apr_time_t)orders_metrics_gauge(&metrics->jobs[job][i].last_success);

            last = success > last ? success : last;
        }
    }
    return last;
}

/** The server whose worker serves the pool of `server`; of the first pool, if this server has no API. NULL: this httpd has no such worker. */
static const server_rec *find_worker(const server_rec *server)
{
    const server_rec *first = orders_server_conf(server)->first;

    for (server_rec *other = ap_server_conf; other && !first; other = other->next) {
        first = orders_server_conf(other)->first;
    }
    return first && orders_worker_possible() ? orders_worker_server(ap_server_conf, first) : NULL;
}

/** Whether this httpd should run jobs, and none of them has succeeded for some time. */
static bool is_worker_late(const server_rec *server)
{
    const orders_metrics_t *metrics = orders_metrics();
    const server_rec *owner = find_worker(server);
    apr_interval_time_t limit;
    orders_server_conf_t conf;

    if (!metrics || !owner) {
        return false;
    }
    orders_server_conf_resolve(orders_server_conf(owner), &conf);
    limit = apr_time_from_sec(LATE_INTERVALS * conf.worker_interval);
    return apr_time_now() - last_job_success(metrics) > (limit > MIN_LATE ? limit : MIN_LATE);
}

static const char *format_readiness(const request_rec *r, const orders_readiness_t *readiness)
{
    apr_pool_t *pool = r->pool;
    const char *schema = readiness->supported            ? "supported"
                         : readiness->schema_version < 0 ? "unknown"
                                                         : "unsupported";
    const char *version =
        readiness->schema_version < 0 ? "null" : apr_itoa(pool, readiness->schema_version);

    return apr_psprintf(pool,
                        "{\"status\":\"%s\",\"database\":\"%s\",\"schema\":\"%s\","
                        "\"schema_version\":%s,\"warnings\":[%s]}\n",
                        is_ready(readiness) ? "ready" : "unavailable",
                        readiness->answered ? "responds" : "unreachable", schema, version,
                        is_worker_late(r->server) ? "\"worker_late\"" : "");
}

static int send_json(request_rec *r, int status, const char *body)
{
    apr_size_t length = strlen(body);

    r->status = status;
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)length);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    (void)ap_rwrite(body, (int)length, r);
    return OK;
}

static int send_ready(request_rec *r)
{
    orders_readiness_t readiness;

    ask_pools(r, &readiness);
    return send_json(r, is_ready(&readiness) ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE,
                     format_readiness(r, &readiness));
}

/** ap_hook_handler. The last segment of the path selects the check. */
static int handle_health(request_rec *r)
{
    const char *question;

    if (!r->handler || strcmp(r->handler, HANDLER)) {
        return DECLINED;
    }
    question = strrchr(r->uri, '/');
    if (!question || (strcmp(question, "/live") && strcmp(question, "/ready"))) {
        return HTTP_NOT_FOUND;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    return strcmp(question, "/live") ? send_ready(r)
                                     : send_json(r, HTTP_OK, "{\"status\":\"live\"}\n");
}

void orders_health_register_hooks(apr_pool_t *pool)
{
    ap_hook_handler(handle_health, NULL, NULL, APR_HOOK_MIDDLE);
}
