/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/metrics.h"

#include <httpd.h>

#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>
#include <string.h>
#include <unistd.h>

#include "api/registry.h"
#include "core/clock.h"
#include "httpd/config.h"
#include "metrics/exposition.h"
#include "metrics/metrics.h"
#include "store/schema_version.h"
#include "worker/job.h"

APLOG_USE_MODULE(orders);

#define HANDLER "orders-metrics"
/** Key of ap_retained_data_get(): what the parent process keeps over graceful restarts, which unload this module. */
#define RETAINED "mod_orders_metrics"

typedef struct retained_t {
    orders_metrics_t *memory;
    uint64_t layout;
} retained_t;

/** The rows of the memory, in `pconf`. */
static orders_metrics_names_t *list_names(apr_pool_t *pconf)
{
    orders_metrics_names_t *names = apr_palloc(pconf, sizeof *names);
    const char **jobs = apr_palloc(pconf, orders_job_count * sizeof *jobs);

    for (size_t i = 0; i < orders_job_count; i++) {
        jobs[i] = orders_jobs[i].name;
    }
    *names =
        (orders_metrics_names_t){.apis = orders_apis, .jobs = jobs, .job_count = orders_job_count};
    return names;
}

/**
 * Children of the configuration before a graceful restart use the same memory. Memory of another build stays mapped for them until the
 * parent ends. Anonymous memory is inherited by fork(): it needs no file, and no other module.
 */
static apr_status_t find_memory(apr_pool_t *process, const orders_metrics_names_t *names,
                                retained_t *retained)
{
    const uint64_t layout = orders_metrics_layout(names);
    apr_shm_t *segment;
    apr_status_t status;

    if (retained->memory && retained->layout == layout) {
        return APR_SUCCESS;
    }
    status = apr_shm_create(&segment, sizeof(orders_metrics_t), NULL, process);
    if (status == APR_SUCCESS) {
        retained->memory = apr_shm_baseaddr_get(segment);
        retained->layout = layout;
        memset(retained->memory, 0, sizeof *retained->memory);
    }
    return status;
}

int orders_metrics_open(apr_pool_t *pconf, server_rec *main)
{
    const orders_metrics_names_t *names = list_names(pconf);
    retained_t *retained = ap_retained_data_get(RETAINED);
    apr_status_t status;

    if (!retained) {
        retained = ap_retained_data_create(RETAINED, sizeof *retained); /* filled with zeros */
    }
    status = find_memory(main->process->pool, names, retained);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "cannot create the shared memory of the metrics");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    orders_metrics_use(retained->memory, names);
    for (server_rec *server = main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);

        for (int i = 0; i < conf->channels->nelts; i++) {
            orders_metrics_add_channel(APR_ARRAY_IDX(conf->channels, i, orders_channel_t).name);
        }
    }
    return OK;
}

void orders_metrics_child_init(void)
{
    orders_metrics_enter_process(getpid());
}

/** ap_hook_child_status, in the parent. Also called for a child that was killed. */
static void child_status(server_rec *server, pid_t pid, ap_generation_t generation, int slot,
                         mpm_child_status state)
{
    if (state == MPM_CHILD_EXITED) {
        orders_metrics_leave_process(pid);
    }
}

void orders_metrics_count_request(orders_request_t *request, int status)
{
    const orders_database_t *database = &request->database;
    const bool waited = database->trips || database->queue_us;

    if (request->counted) {
        return;
    }
    request->counted = true;
    const orders_request_sample_t sample = {
        .api = request->api,
        .route = request->match.route,
        .status = status,
        .duration = orders_clock_now() - request->started,
        .queue = waited ? database->queue_us : -1,
        .database = database->trips ? database->busy_us : -1,
    };

    orders_metrics_request(&sample);
}

static void find_view(request_rec *r, orders_metrics_view_t *view)
{
    *view = (orders_metrics_view_t){.schema_oldest = ORDERS_SCHEMA_OLDEST,
                                    .schema_newest = ORDERS_SCHEMA_NEWEST};
    for (server_rec *server = ap_server_conf; server; server = server->next) {
        const apr_array_header_t *mounts = orders_server_conf(server)->mounts;

        for (int i = 0; i < mounts->nelts; i++) {
            const orders_api_t *api = APR_ARRAY_IDX(mounts, i, orders_mount_t).api;

            view->api[orders_metrics_api_index(api)] = true;
        }
    }
}

/** ap_hook_handler. */
static int handle_request(request_rec *r)
{
    orders_metrics_writer_t writer = {.out = {.pool = r->pool}};
    orders_metrics_view_t view;

    if (!r->handler || strcmp(r->handler, HANDLER) || r->method_number == M_OPTIONS) {
        return DECLINED;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, M_OPTIONS, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (ap_discard_request_body(r) != OK) {
        return HTTP_BAD_REQUEST;
    }
    writer.open_metrics = orders_metrics_prefers_open(apr_table_get(r->headers_in, "Accept"));
    find_view(r, &view);
    orders_metrics_write(&writer, &view);
    ap_set_content_type(r,
                        writer.open_metrics ? ORDERS_METRICS_OPEN_TYPE : ORDERS_METRICS_TEXT_TYPE);
    ap_set_content_length(r, (apr_off_t)writer.out.length);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (!r->header_only) {
        (void)ap_rwrite(writer.out.data, (int)writer.out.length, r);
    }
    return OK;
}

void orders_metrics_register_hooks(apr_pool_t *pool)
{
    ap_hook_handler(handle_request, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(child_status, NULL, NULL, APR_HOOK_MIDDLE);
}
