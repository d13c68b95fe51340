/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/worker.h"

#include <httpd.h>

#include <ap_mpm.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <http_log.h>
#include <mod_watchdog.h>

#include "httpd/config.h"
#include "httpd/log.h"
#include "httpd/sessions.h"
#include "worker/loop.h"

APLOG_USE_MODULE(orders);

/** The jobs of a connection pool. Lives as long as the configuration. */
typedef struct worker_t {
    server_rec *server;
    server_rec *main; /**< first element of the list of all servers */
    apr_array_header_t
        *channels;       /**< of orders_channel_t: the channels of all servers with this pool */
    orders_loop_t *loop; /**< of this process; NULL: no job runs in it */
} worker_t;

/** An instance of a job. Lives as long as the process. */
typedef struct instance_t {
    worker_t *worker;
    const orders_channel_t *channel; /**< or NULL */
} instance_t;

/** Array of worker_t *, of the present configuration. Set before children are created. */
static apr_array_header_t *workers;

/** Set while the configuration is read, constant afterwards. */
static struct {
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) * get_instance;
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) * register_callback;
} watchdog;

void orders_worker_retrieve(void)
{
    watchdog.get_instance = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    watchdog.register_callback = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

bool orders_worker_possible(void)
{
    return watchdog.get_instance && watchdog.register_callback;
}

/** Another process does the remaining work. */
static bool is_stopping(const worker_t *worker)
{
    int state;

    return orders_loop_is_closed(worker->loop) ||
           ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

/** orders_job_context_t.is_stopping. */
static bool is_instance_stopping(void *data)
{
    return is_stopping(((const instance_t *)data)->worker);
}

/** orders_job_context_t.set_tenant. Links use the first server of the pool that serves the tenant and has OrdersPublicURL. */
static void set_tenant(void *data, int32_t tenant, orders_settings_t *settings)
{
    const worker_t *worker = ((const instance_t *)data)->worker;
    const orders_server_conf_t *own = orders_server_conf(worker->server);
    orders_server_conf_t resolved;

    orders_server_conf_resolve(own, &resolved);
    *settings =
        (orders_settings_t){.tenant = tenant,
                            .secret = resolved.secret,
                            .secret_length = (apr_size_t)resolved.secret_length,
                            .former_secret = resolved.former_secret,
                            .former_secret_length = (apr_size_t)resolved.former_secret_length};
    for (server_rec *server = worker->main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);
        const char *events = orders_config_mount(conf, ORDERS_HAS_OWN_EVENTS, tenant);
        const char *operator= orders_config_mount(conf, ORDERS_HAS_EVENTS, tenant);
        const char *links = orders_config_mount(conf, ORDERS_HAS_PAY_LINKS, tenant);

        if (conf->first == own->first && conf->public_url && (events || operator|| links)) {
            settings->public_url = conf->public_url;
            settings->events_mount = events;
            settings->operator_mount = operator;
            settings->pay_link_mount = links;
            return;
        }
    }
}

/** orders_loop_instance_t.open. */
static void open_context(void *data, apr_pool_t *pool, orders_job_context_t *context)
{
    instance_t *instance = data;
    const worker_t *worker = instance->worker;
    orders_log_t *log = apr_palloc(pool, sizeof *log);
    orders_database_t *database = apr_palloc(pool, sizeof *database);
    orders_server_conf_t conf;

    *log = orders_log_of_server(worker->server);
    orders_server_conf_resolve(orders_server_conf(worker->server), &conf);
    orders_sessions_database(conf.session_pool, pool, ORDERS_JOB_STATEMENT_SECONDS, log, database);
    orders_sessions_limit_wait(database);
    database->is_stopping = is_instance_stopping;
    database->stop_context = instance;
    *context = (orders_job_context_t){
        .database = database,
        .log = log,
        .mailer = conf.mailer,
        .channels = worker->channels,
        .channel = instance->channel,
        .idempotency_lifetime = conf.idempotency_lifetime,
        .kept_days = {[ORDERS_RETENTION_MAILS] = conf.mails_kept,
                      [ORDERS_RETENTION_PROVIDER_EVENTS] = conf.provider_events_kept,
                      [ORDERS_RETENTION_TOKENS] = conf.tokens_kept,
                      [ORDERS_RETENTION_CARTS] = conf.carts_kept,
                      [ORDERS_RETENTION_WEBHOOKS] = conf.webhooks_kept},
        .webhook_hosts = conf.webhook_hosts,
        .export_directory = conf.export_directory,
        .export_kept_days = conf.exports_kept,
        .conninfo = conf.dbd_params ? conf.dbd_params : "",
        .is_stopping = is_instance_stopping,
        .set_tenant = set_tenant,
        .data = instance};
}

/** The watchdog's callback. */
static apr_status_t tick(int state, void *data, apr_pool_t *pool)
{
    worker_t *worker = data;

    if (state == AP_WATCHDOG_STATE_RUNNING && worker->loop && !is_stopping(worker)) {
        orders_loop_tick(worker->loop);
    }
    return APR_SUCCESS;
}

static void add_instance(apr_pool_t *pchild, worker_t *worker, const orders_job_t *job,
                         const orders_channel_t *channel)
{
    instance_t *instance = apr_pcalloc(pchild, sizeof *instance);
    orders_server_conf_t conf;

    orders_server_conf_resolve(orders_server_conf(worker->server), &conf);
    *instance = (instance_t){.worker = worker, .channel = channel};
    const orders_job_context_t context = {.mailer = conf.mailer, .channel = channel};
    const orders_loop_instance_t added = {
        .job = job,
        .channel = channel,
        .interval = job->interval ? job->interval : apr_time_from_sec(conf.worker_interval),
        .breaker = orders_job_breaker(job, &context),
        .open = open_context,
        .data = instance,
    };

    orders_loop_add(worker->loop, &added);
}

/** Adds all instances of a job. */
static void add_job(apr_pool_t *pchild, worker_t *worker, const orders_job_t *job)
{
    orders_server_conf_t conf;

    orders_server_conf_resolve(orders_server_conf(worker->server), &conf);
    if (job->exports && !conf.export_directory) {
        return; /* other servers write and delete the files */
    }
    if (job->needs == ORDERS_JOB_NEEDS_CHANNEL) {
        for (int i = 0; i < worker->channels->nelts; i++) {
            const orders_channel_t *channel = &APR_ARRAY_IDX(worker->channels, i, orders_channel_t);

            if (orders_job_serves(job, channel)) {
                add_instance(pchild, worker, job, channel);
            }
        }
    } else if (job->needs == ORDERS_JOB_NEEDS_NOTHING || conf.mailer) {
        add_instance(pchild, worker, job, NULL);
    }
}

/**
 * mod_watchdog does not wait for its threads before the child's pool is destroyed, and with it mod_dbd's connections. Therefore a cleanup
 * of that pool waits for the loops.
 */
void orders_worker_child_init(apr_pool_t *pchild)
{
    for (int i = 0; workers && i < workers->nelts; i++) {
        worker_t *worker = APR_ARRAY_IDX(workers, i, worker_t *);

        if (!orders_server_conf(worker->server)->session_pool) {
            continue;
        }
        worker->loop = orders_loop_create(pchild);
        for (size_t j = 0; j < orders_job_count; j++) {
            add_job(pchild, worker, &orders_jobs[j]);
        }
    }
}

/** The channels of all servers with this pool. config_check.c ensures that channels with the same name are equal. */
static apr_array_header_t *list_channels(apr_pool_t *pconf, const worker_t *worker)
{
    const orders_server_conf_t *own = orders_server_conf(worker->server);
    apr_array_header_t *all = apr_array_make(pconf, 2, sizeof(orders_channel_t));
    const orders_providers_t known = {.channels = all};

    for (server_rec *server = worker->main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);

        for (int i = 0; conf->first == own->first && i < conf->channels->nelts; i++) {
            const orders_channel_t *channel = &APR_ARRAY_IDX(conf->channels, i, orders_channel_t);

            if (!orders_channel_find(&known, channel->name)) {
                APR_ARRAY_PUSH(all, orders_channel_t) = *channel;
            }
        }
    }
    return all;
}

server_rec *orders_worker_server(server_rec *main, const server_rec *first)
{
    for (server_rec *server = main; server; server = server->next) {
        orders_server_conf_t conf;

        orders_server_conf_resolve(orders_server_conf(server), &conf);
        if (conf.first == first && conf.worker) {
            return server;
        }
    }
    return NULL;
}

/** Registers a watchdog for the jobs of the connection pool of `server`: one thread in one process at a time. */
static apr_status_t register_worker(apr_pool_t *pconf, server_rec *main, server_rec *server)
{
    worker_t *worker = apr_pcalloc(pconf, sizeof *worker);
    ap_watchdog_t *instance;
    apr_status_t status;

    *worker = (worker_t){.server = server, .main = main};
    worker->channels = list_channels(pconf, worker);
    APR_ARRAY_PUSH(workers, worker_t *) = worker;
    status = watchdog.get_instance(&instance, apr_psprintf(pconf, "_orders_%d_", workers->nelts), 0,
                                   1, pconf);
    return status == APR_SUCCESS
               ? watchdog.register_callback(instance, AP_WD_TM_SLICE, worker, tick)
               : status;
}

/** Registers the jobs of all connection pools. */
static apr_status_t register_all(apr_pool_t *pconf, server_rec *main)
{
    apr_status_t status = APR_SUCCESS;

    workers = apr_array_make(pconf, 2, sizeof(worker_t *));
    for (server_rec *first = main; first && status == APR_SUCCESS; first = first->next) {
        server_rec *server =
            orders_server_conf(first)->first == first ? orders_worker_server(main, first) : NULL;

        if (server) {
            status = register_worker(pconf, main, server);
        }
    }
    return status;
}

int orders_worker_register(apr_pool_t *pconf, server_rec *main)
{
    apr_status_t status;

    workers = NULL;
    if (!orders_worker_possible()) {
        return OK;
    }
    status = register_all(pconf, main);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "cannot register the background jobs with mod_watchdog");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
