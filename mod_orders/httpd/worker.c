/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/worker.h"

#include <httpd.h>

#include <ap_mpm.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <http_log.h>
#include <mod_watchdog.h>

#include "httpd/config.h"
#include "httpd/log.h"
#include "httpd/sessions.h"
#include "worker/job.h"

APLOG_USE_MODULE(orders);

/**
 * Statement timeout of the jobs. A graceful stop waits for the current statement, at most for the sum of one second for a session,
 * connect_timeout of DBDParams, and this timeout. Calls of a provider or mail server are cancelled.
 */
#define STATEMENT_SECONDS 4

/** An instance of a job for one connection pool, with a thread of its own. Lives as long as the configuration. */
typedef struct worker_t {
    server_rec *server;
    server_rec *main; /**< first element of the list of all servers */
    const orders_job_t *job;
    apr_array_header_t
        *channels; /**< of orders_channel_t: the channels of all servers with this pool */
    const orders_channel_t *channel; /**< of this instance, or NULL */
    orders_job_state_t state;        /**< used only by the thread of this instance */
} worker_t;

/**
 * The active runs of this child. mod_watchdog does not wait for its threads before the child's pool is destroyed, and with it
 * mod_dbd's connections. Therefore a cleanup of that pool waits until no run is active.
 */
typedef struct runs_t {
    apr_thread_mutex_t *mutex; /**< protects the members below */
    apr_thread_cond_t *ended;
    int active;  /**< number of runs */
    bool closed; /**< no further run starts; atomic, because it is also read without the mutex */
} runs_t;

/** Set before the watchdog's threads start. NULL: no job runs in this child. */
static runs_t *runs;

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

static bool begin_run(void)
{
    bool open;

    apr_thread_mutex_lock(runs->mutex);
    open = !runs->closed;
    runs->active += open;
    apr_thread_mutex_unlock(runs->mutex);
    return open;
}

static void end_run(void)
{
    apr_thread_mutex_lock(runs->mutex);
    runs->active--;
    apr_thread_cond_signal(runs->ended);
    apr_thread_mutex_unlock(runs->mutex);
}

/** A pre-cleanup of the child's pool. The wait is bounded, because a run checks `closed` after each item. */
static apr_status_t close_runs(void *data)
{
    runs_t *own = data;

    apr_thread_mutex_lock(own->mutex);
    __atomic_store_n(&own->closed, true, __ATOMIC_RELAXED);
    while (own->active > 0) {
        apr_thread_cond_wait(own->ended, own->mutex);
    }
    apr_thread_mutex_unlock(own->mutex);
    return APR_SUCCESS;
}

void orders_worker_child_init(apr_pool_t *pchild)
{
    runs_t *own = apr_pcalloc(pchild, sizeof *own);

    if (apr_thread_mutex_create(&own->mutex, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS ||
        apr_thread_cond_create(&own->ended, pchild) != APR_SUCCESS) {
        return;
    }
    apr_pool_pre_cleanup_register(pchild, own, close_runs);
    runs = own;
}

/** orders_job_context_t.is_stopping. Another process does the remaining work. */
static bool is_stopping(void *data)
{
    int state;

    return __atomic_load_n(&runs->closed, __ATOMIC_RELAXED) ||
           ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

/** orders_job_context_t.set_tenant. Links use the first server of the pool that serves the tenant and has OrdersPublicURL. */
static void set_tenant(void *data, int32_t tenant, orders_settings_t *settings)
{
    const worker_t *worker = data;
    const orders_server_conf_t *own = orders_server_conf(worker->server);
    orders_server_conf_t resolved;

    orders_server_conf_resolve(own, &resolved);
    *settings = (orders_settings_t){.tenant = tenant,
                                    .secret = resolved.secret,
                                    .secret_length = (apr_size_t)resolved.secret_length};
    for (server_rec *server = worker->main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);
        const char *events = orders_config_mount(conf, ORDERS_HAS_EVENTS, tenant);
        const char *links = orders_config_mount(conf, ORDERS_HAS_PAY_LINKS, tenant);

        if (conf->first == own->first && conf->public_url && (events || links)) {
            settings->public_url = conf->public_url;
            settings->events_mount = events;
            settings->pay_link_mount = links;
            return;
        }
    }
}

static void run_job(worker_t *worker, apr_pool_t *pool)
{
    const orders_log_t log = orders_log_of_server(worker->server);
    orders_server_conf_t conf;
    orders_database_t database;

    orders_server_conf_resolve(orders_server_conf(worker->server), &conf);
    orders_sessions_database(conf.session_pool, pool, STATEMENT_SECONDS, &log, &database);
    orders_sessions_limit_wait(&database);
    const orders_job_context_t context = {.database = &database,
                                          .log = &log,
                                          .mailer = conf.mailer,
                                          .channels = worker->channels,
                                          .channel = worker->channel,
                                          .idempotency_lifetime = conf.idempotency_lifetime,
                                          .is_stopping = is_stopping,
                                          .set_tenant = set_tenant,
                                          .data = worker};
    orders_job_run(worker->job, &context, &worker->state, pool);
}

/** The watchdog's callback. `pool` is destroyed after the call. */
static apr_status_t run_callback(int state, void *data, apr_pool_t *pool)
{
    worker_t *worker = data;
    apr_pool_t *own;

    if (state != AP_WATCHDOG_STATE_RUNNING || !orders_server_conf(worker->server)->session_pool ||
        !runs || is_stopping(worker) || !begin_run()) {
        return APR_SUCCESS;
    }
    apr_pool_create(&own, pool);
    apr_pool_tag(own, "orders_worker");
    run_job(worker, own);
    apr_pool_destroy(own);
    end_run();
    return APR_SUCCESS;
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

/** Registers a watchdog: it has one thread, in one process at a time. `template` has all members except job and channel. */
static apr_status_t register_instance(apr_pool_t *pconf, const worker_t *template,
                                      const orders_job_t *job, const orders_channel_t *channel)
{
    worker_t *worker = apr_pmemdup(pconf, template, sizeof *template);
    ap_watchdog_t *instance;
    orders_server_conf_t conf;
    int pool = 0;
    apr_status_t status;

    worker->job = job;
    worker->channel = channel;
    for (const server_rec *server = template->main; server != template->server;
         server = server->next) {
        pool++;
    }
    status = watchdog.get_instance(
        &instance,
        apr_psprintf(pconf, "_orders_%d_%s_%s_", pool, job->name, channel ? channel->name : ""), 0,
        1, pconf);
    if (status != APR_SUCCESS) {
        return status;
    }
    orders_server_conf_resolve(orders_server_conf(template->server), &conf);
    return watchdog.register_callback(
        instance, job->interval ? job->interval : apr_time_from_sec(conf.worker_interval), worker,
        run_callback);
}

/** Registers all instances of a job. */
static apr_status_t register_job(apr_pool_t *pconf, const worker_t *template,
                                 const orders_job_t *job)
{
    orders_server_conf_t conf;
    apr_status_t status = APR_SUCCESS;

    orders_server_conf_resolve(orders_server_conf(template->server), &conf);
    if (job->instances == ORDERS_JOB_ALWAYS ||
        (job->instances == ORDERS_JOB_WITH_MAILER && conf.mailer)) {
        return register_instance(pconf, template, job, NULL);
    }
    if (job->instances == ORDERS_JOB_PER_CHANNEL) {
        for (int i = 0; i < template->channels->nelts && status == APR_SUCCESS; i++) {
            status = register_instance(pconf, template, job,
                                       &APR_ARRAY_IDX(template->channels, i, orders_channel_t));
        }
    }
    return status;
}

/** Registers all jobs of the connection pool of `server`. */
static apr_status_t register_jobs(apr_pool_t *pconf, server_rec *main, server_rec *server)
{
    worker_t template = {.server = server, .main = main};
    apr_status_t status = APR_SUCCESS;

    template.channels = list_channels(pconf, &template);
    for (size_t i = 0; i < orders_job_count && status == APR_SUCCESS; i++) {
        status = register_job(pconf, &template, &orders_jobs[i]);
    }
    return status;
}

/** The first server with OrdersWorker On that shares the connection pool of `first`, or NULL. */
static server_rec *find_worker_server(server_rec *main, const server_rec *first)
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

/** Registers the jobs of all connection pools. */
static apr_status_t register_all(apr_pool_t *pconf, server_rec *main)
{
    apr_status_t status = APR_SUCCESS;

    for (server_rec *first = main; first && status == APR_SUCCESS; first = first->next) {
        server_rec *server =
            orders_server_conf(first)->first == first ? find_worker_server(main, first) : NULL;

        if (server) {
            status = register_jobs(pconf, main, server);
        }
    }
    return status;
}

int orders_worker_register(apr_pool_t *pconf, server_rec *main)
{
    apr_status_t status;

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
