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

#include "core/clock.h"
#include "core/trouble.h"
#include "httpd/config.h"
#include "httpd/log.h"
#include "httpd/sessions.h"
#include "messages/pay_link_mail.h"
#include "net/breaker.h"
#include "payments/payment_flow.h"
#include "payments/provider_event.h"
#include "store/pay_link.h"
#include "store/worker.h"

APLOG_USE_MODULE(orders);

/** What a round may do for a tenant; the rest is done in the next round. */
#define EXPIRE_BATCH 100
#define EXPIRE_BATCHES 10
#define EVENT_BATCH 100
#define BILL_BATCH 500
#define BILL_BATCHES 10
/** Bills are issued within a second of the order, whatever OrdersWorkerInterval is. */
#define BILL_INTERVAL apr_time_from_msec(500)
/** Of each kind. They are claimed one at a time, so that a lease is for one item: orders_channel_longest. */
#define PAYMENT_BATCH 20
#define MAIL_BATCH 20
/** More than the longest timeout of OrdersMail, with what the database has to do beside it. */
#define MAIL_LEASE 120
#define PURGE_EVERY apr_time_from_sec(60)
/** What one call of orders_v1.purge_idempotency removes. */
#define PURGE_BATCH 10000
#define PURGE_BATCHES 100
/**
 * A graceful stop waits for the database's part in what is under way: a second in the queue, connect_timeout of DBDParams,
 * and this. A provider's part ends with it, at once.
 */
#define STATEMENT_SECONDS 4

typedef struct job_t job_t;

/** One job of one pool of sessions, with a thread of its own. Made with the configuration; `purge_at` is the thread's alone. */
typedef struct worker_t {
    server_rec *server;
    server_rec *main; /**< where the list of all servers begins */
    const job_t *job;
    apr_array_header_t *channels;    /**< of orders_channel_t: those of all servers of the pool */
    const orders_channel_t *channel; /**< whose payments these are; NULL: not a job of a channel */
    apr_time_t purge_at;
} worker_t;

/** A round: one pass over the tenants of a database. */
typedef struct round_t {
    const worker_t *worker;
    orders_server_conf_t conf;
    orders_database_t database;
    orders_settings_t settings; /**< but for the tenant */
    orders_providers_t providers;
    orders_claim_t claim; /**< a payment of the channel */
    orders_log_t log;
    bool purge;
} round_t;

/**
 * The rounds under way in a child. mod_watchdog does not wait for its threads before the child's pool ends, and with it
 * mod_dbd's connections: so the pool's end waits here, until nobody has one.
 */
typedef struct rounds_t {
    apr_thread_mutex_t *mutex; /**< over the rest */
    apr_thread_cond_t *over;
    int under_way;
    bool closed; /**< no further round begins */
} rounds_t;

/** This child's, made before the watchdog's threads are. */
static rounds_t *rounds;

/** Set while the configuration is read, the same in every child from then on. */
static struct {
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) * get;
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) * add;
} watchdog;

void orders_worker_retrieve(void)
{
    watchdog.get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    watchdog.add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

bool orders_worker_possible(void)
{
    return watchdog.get && watchdog.add;
}

static bool enter_round(void)
{
    bool open;

    apr_thread_mutex_lock(rounds->mutex);
    open = !rounds->closed;
    rounds->under_way += open;
    apr_thread_mutex_unlock(rounds->mutex);
    return open;
}

static void leave_round(void)
{
    apr_thread_mutex_lock(rounds->mutex);
    rounds->under_way--;
    apr_thread_cond_signal(rounds->over);
    apr_thread_mutex_unlock(rounds->mutex);
}

/** Before anything of the child's pool ends. Each step of a round is bounded, and it looks at `closed` between them. */
static apr_status_t close_rounds(void *data)
{
    rounds_t *mine = data;

    apr_thread_mutex_lock(mine->mutex);
    __atomic_store_n(&mine->closed, true, __ATOMIC_RELAXED);
    while (mine->under_way > 0) {
        apr_thread_cond_wait(mine->over, mine->mutex);
    }
    apr_thread_mutex_unlock(mine->mutex);
    return APR_SUCCESS;
}

void orders_worker_child_init(apr_pool_t *pchild)
{
    rounds_t *mine = apr_pcalloc(pchild, sizeof *mine);

    if (apr_thread_mutex_create(&mine->mutex, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS ||
        apr_thread_cond_create(&mine->over, pchild) != APR_SUCCESS) {
        return; /* no worker in this child */
    }
    apr_pool_pre_cleanup_register(pchild, mine, close_rounds);
    rounds = mine;
}

/** Whether this process is about to end: then the round does too, and another process goes on. */
static bool stopping(void)
{
    int state;

    return __atomic_load_n(&rounds->closed, __ATOMIC_RELAXED) ||
           ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

static bool given_up(void *context)
{
    return stopping();
}

/**
 * What is wrong with one piece of work is logged and must not hold up the next: an order that nobody can expire, a
 * provider that is gone. Only without a database there is no sense in going on: then the problem.
 */
static orders_problem_t *go_on(const round_t *round, orders_problem_t *problem)
{
    bool unreachable =
        problem && !*problem->sqlstate &&
        (problem->error == ORDERS_E_database_unavailable || problem->error == ORDERS_E_busy ||
         problem->error == ORDERS_E_schema_version_unsupported);

    if (!problem || unreachable) {
        return problem;
    }
    orders_log_of_worker(&round->log, problem, "worker");
    return NULL;
}

static orders_problem_t *expire(const round_t *round, const orders_reader_t *work)
{
    for (int i = 0; i < EXPIRE_BATCHES && !stopping(); i++) {
        int64_t count = 0;

        ORDERS_TRY(orders_worker_expire(work, EXPIRE_BATCH, &count));
        if (count > 0) {
            orders_log(&round->log, ORDERS_LOG_INFO,
                       "worker: %d unpaid orders of tenant %d expired", (int)count,
                       (int)work->tenant);
        }
        if (count < EXPIRE_BATCH) {
            break;
        }
    }
    return NULL;
}

static orders_problem_t *issue_bills(const round_t *round, const orders_reader_t *work)
{
    int64_t count = BILL_BATCH;

    for (int i = 0; i < BILL_BATCHES && count == BILL_BATCH && !stopping(); i++) {
        ORDERS_TRY(orders_worker_issue_bills(work, BILL_BATCH, &count));
    }
    return NULL;
}

/** As many as were recorded since the last time, however many those are: otherwise the table would grow for ever. */
static orders_problem_t *purge(const round_t *round, const orders_reader_t *work)
{
    int64_t count = PURGE_BATCH;

    for (int i = 0; round->purge && count >= PURGE_BATCH && i < PURGE_BATCHES && !stopping(); i++) {
        ORDERS_TRY(orders_worker_purge(work, round->conf.idempotency_lifetime, &count));
    }
    return NULL;
}

/** The system itself collects; no request waits for the outcome. */
static orders_writer_t writer_of(const orders_reader_t *work)
{
    return (orders_writer_t){.database = work->database,
                             .pool = work->pool,
                             .tenant = work->tenant,
                             .api = "worker",
                             .actor = "system",
                             .route = "worker"};
}

/** Nothing is claimed that could not be asked for now. */
static bool may_claim(const round_t *round, int done)
{
    return done < PAYMENT_BATCH && !stopping() &&
           orders_breaker_ready(round->worker->channel->breaker);
}

static orders_problem_t *make_intents(const round_t *round, const orders_reader_t *work)
{
    const orders_writer_t writer = writer_of(work);
    const orders_payment_flow_t flow = {&writer, &round->providers, &round->settings};
    apr_array_header_t *due;
    orders_written_t *written;

    for (int i = 0; may_claim(round, i); i++) {
        ORDERS_TRY(orders_worker_due_intents(work, &round->claim, &due));
        const orders_payment_task_t *task = orders_first(due);

        if (!task) {
            break;
        }
        const orders_intent_t intent = {task->payment, task->order_number, task->return_url, NULL};
        ORDERS_TRY(go_on(round, orders_payment_flow_intent(&flow, &intent, &written)));
    }
    return NULL;
}

static orders_problem_t *send_refunds(const round_t *round, const orders_reader_t *work)
{
    const orders_writer_t writer = writer_of(work);
    const orders_payment_flow_t flow = {&writer, &round->providers, &round->settings};
    apr_array_header_t *due;

    for (int i = 0; may_claim(round, i); i++) {
        ORDERS_TRY(orders_worker_due_refunds(work, &round->claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(go_on(round, orders_payment_flow_refund(&flow, orders_first(due))));
    }
    return NULL;
}

/** Captures whose outcome is unknown, of closed payments too. */
static orders_problem_t *ask_captures(const round_t *round, const orders_reader_t *work)
{
    const orders_writer_t writer = writer_of(work);
    const orders_payment_flow_t flow = {&writer, &round->providers, &round->settings};
    apr_array_header_t *due;
    orders_written_t *written;

    for (int i = 0; may_claim(round, i); i++) {
        ORDERS_TRY(orders_worker_due_captures(work, &round->claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(
            go_on(round, orders_payment_flow_capture_claimed(&flow, orders_first(due), &written)));
    }
    return NULL;
}

static orders_problem_t *review_events(const round_t *round, const orders_reader_t *work)
{
    apr_array_header_t *due;

    ORDERS_TRY(orders_worker_due_events(work, EVENT_BATCH, &due));
    for (int i = 0; i < due->nelts && !stopping(); i++) {
        ORDERS_TRY(go_on(round, orders_worker_review_event(work, APR_ARRAY_IDX(due, i, int64_t))));
    }
    return NULL;
}

/** Events that were refused while a request received them are in the log already. */
static orders_problem_t *log_refused_events(const round_t *round, const orders_reader_t *work)
{
    apr_array_header_t *refused;

    ORDERS_TRY(orders_worker_refused_events(work, EVENT_BATCH, &refused));
    for (int i = 0; i < refused->nelts; i++) {
        orders_provider_event_log(&round->providers, "worker",
                                  &APR_ARRAY_IDX(refused, i, orders_refused_event_t));
    }
    return NULL;
}

/** NULL when a server has taken the mail; no mail address is in a problem's texts. */
static orders_problem_t *mail_one(const round_t *round, const orders_reader_t *work,
                                  const orders_mail_task_t *due)
{
    orders_mail_t mail;

    ORDERS_TRY(orders_mail_text(&mail, due, &round->settings, work->pool));
    return orders_mail_send(round->conf.mailer, work->pool, &mail, given_up, NULL);
}

/** A mail that will never be taken, or whose time is over, is not tried again. */
static bool is_final(const orders_problem_t *problem)
{
    return problem->error == ORDERS_E_mail_refused || problem->error == ORDERS_E_link_expired;
}

static orders_problem_t *send_mails(const round_t *round, const orders_reader_t *work)
{
    apr_array_header_t *due;

    for (int i = 0; i < MAIL_BATCH && !stopping(); i++) {
        ORDERS_TRY(orders_worker_claim_mail(work, 1, MAIL_LEASE, &due));
        const orders_mail_task_t *mail = orders_first(due);

        if (!mail) {
            break;
        }
        orders_problem_t *problem = mail_one(round, work, mail);

        if (problem) {
            orders_log_of_worker(&round->log, problem, "mail");
        } else {
            orders_trouble_passed(&round->log, ORDERS_E_mail_unreachable, "mail");
        }
        ORDERS_TRY(orders_worker_mark_mail(work, mail->id, problem && is_final(problem),
                                           problem ? orders_error_word(problem->error) : NULL));
    }
    return NULL;
}

typedef orders_problem_t *(*job_function_t)(const round_t *round, const orders_reader_t *work);

/** What one thread does. Duties that wait for different servers are in different jobs: none waits for another's network. */
struct job_t {
    const char *name;
    job_function_t duties[6]; /**< up to a NULL */
    orders_problem_t *(*tenants)(const orders_reader_t *reader,
                                 apr_array_header_t **tenants); /**< whose work it may be */
    apr_interval_time_t interval;                               /**< 0: OrdersWorkerInterval */
};

static const job_t upkeep = {
    "upkeep", {expire, review_events, log_refused_events, purge, NULL}, orders_worker_tenants, 0};
static const job_t bills = {
    "bills", {issue_bills, NULL}, orders_worker_tenants_to_bill, BILL_INTERVAL};
static const job_t mails = {"mails", {send_mails, NULL}, orders_worker_tenants, 0};
static const job_t payments = {
    "payments", {make_intents, ask_captures, send_refunds, NULL}, orders_worker_tenants, 0};

static orders_problem_t *serve_tenant(const round_t *round, const orders_reader_t *work)
{
    const job_function_t *duties = round->worker->job->duties;

    for (size_t i = 0; duties[i] && !stopping(); i++) {
        ORDERS_TRY(go_on(round, duties[i](round, work)));
    }
    return NULL;
}

/** Settings for a tenant: what leads to us leads to a server of the pool that serves it and is known outside. */
static void aim(round_t *round, int32_t tenant)
{
    orders_settings_t *settings = &round->settings;

    settings->tenant = tenant;
    settings->public_url = settings->events_mount = settings->pay_link_mount = NULL;
    for (server_rec *server = round->worker->main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);
        const char *events = orders_config_mount(conf, ORDERS_HAS_EVENTS, tenant);
        const char *links = orders_config_mount(conf, ORDERS_HAS_PAY_LINKS, tenant);

        if (conf->first == round->conf.first && conf->public_url && (events || links) &&
            !settings->public_url) {
            settings->public_url = conf->public_url;
            settings->events_mount = events;
            settings->pay_link_mount = links;
        }
    }
}

static orders_problem_t *serve_tenants(round_t *round, apr_pool_t *pool)
{
    const orders_reader_t all = {.database = &round->database, .pool = pool};
    apr_array_header_t *tenants;
    apr_pool_t *own;
    orders_problem_t *problem = NULL;

    ORDERS_TRY(round->worker->job->tenants(&all, &tenants));
    apr_pool_create(&own, pool);
    apr_pool_tag(own, "orders_worker_tenant");
    for (int i = 0; i < tenants->nelts && !problem && !stopping(); i++) {
        const orders_reader_t work = {.database = &round->database,
                                      .pool = own,
                                      .tenant = APR_ARRAY_IDX(tenants, i, int32_t)};

        aim(round, work.tenant);
        problem = serve_tenant(round, &work);
        if (!problem) {
            apr_pool_clear(own); /* a problem lives in it */
        }
    }
    return problem;
}

static void begin(const worker_t *worker, apr_pool_t *pool, round_t *round)
{
    *round = (round_t){.worker = worker,
                       .log = orders_log_of_server(worker->server),
                       .claim = {.limit = 1},
                       .purge = orders_clock_now() >= worker->purge_at};
    if (worker->channel) {
        round->claim.channel = worker->channel->name;
        round->claim.lease = orders_channel_longest(worker->channel);
    }
    orders_server_conf_resolve(orders_server_conf(worker->server), &round->conf);
    round->settings = (orders_settings_t){.secret = round->conf.secret,
                                          .secret_length = (apr_size_t)round->conf.secret_length};
    round->providers = (orders_providers_t){.channels = worker->channels,
                                            .log = &round->log,
                                            .cancelled = given_up,
                                            .caller = ORDERS_CALLER_WORKER};
    orders_sessions_database(round->conf.pool, pool, STATEMENT_SECONDS, &round->log,
                             &round->database);
    orders_sessions_hurry(&round->database);
}

/** The watchdog's callback; `pool` ends with it. */
static apr_status_t run(int state, void *data, apr_pool_t *pool)
{
    worker_t *worker = data;
    orders_problem_t *problem;
    apr_pool_t *own;
    round_t round;

    if (state != AP_WATCHDOG_STATE_RUNNING || !orders_server_conf(worker->server)->pool ||
        !rounds || stopping() ||
        (worker->channel && !orders_breaker_ready(worker->channel->breaker)) || !enter_round()) {
        return APR_SUCCESS;
    }
    apr_pool_create(&own, pool);
    apr_pool_tag(own, "orders_worker");
    begin(worker, own, &round);
    problem = serve_tenants(&round, own);
    if (problem) {
        orders_log_of_worker(&round.log, problem, "worker");
    } else {
        orders_trouble_passed(&round.log, ORDERS_E_database_unavailable, "worker");
    }
    if (!problem && round.purge) {
        worker->purge_at = orders_clock_now() + PURGE_EVERY;
    }
    orders_troubles_review(&round.log);
    apr_pool_destroy(own);
    leave_round();
    return APR_SUCCESS;
}

/** Every channel of the pool's servers. Equal names are equal channels. */
static apr_array_header_t *channels_of(apr_pool_t *pconf, const worker_t *worker)
{
    const orders_server_conf_t *mine = orders_server_conf(worker->server);
    apr_array_header_t *all = apr_array_make(pconf, 2, sizeof(orders_channel_t));
    const orders_providers_t sofar = {.channels = all};

    for (server_rec *server = worker->main; server; server = server->next) {
        const orders_server_conf_t *conf = orders_server_conf(server);

        for (int i = 0; conf->first == mine->first && i < conf->channels->nelts; i++) {
            const orders_channel_t *channel = &APR_ARRAY_IDX(conf->channels, i, orders_channel_t);

            if (!orders_channel_find(&sofar, channel->name)) {
                APR_ARRAY_PUSH(all, orders_channel_t) = *channel;
            }
        }
    }
    return all;
}

/** A watchdog of its own: a thread of one process at a time. `like` has all but the job and its channel. */
static apr_status_t add_job(apr_pool_t *pconf, const worker_t *like, const job_t *job,
                            const orders_channel_t *channel)
{
    worker_t *worker = apr_pmemdup(pconf, like, sizeof *like);
    ap_watchdog_t *instance;
    orders_server_conf_t conf;
    int pool = 0;
    apr_status_t status;

    worker->job = job;
    worker->channel = channel;
    for (const server_rec *server = like->main; server != like->server; server = server->next) {
        pool++;
    }
    status = watchdog.get(
        &instance,
        apr_psprintf(pconf, "_orders_%d_%s_%s_", pool, job->name, channel ? channel->name : ""), 0,
        1, pconf);
    orders_server_conf_resolve(orders_server_conf(like->server), &conf);
    return status == APR_SUCCESS
               ? watchdog.add(instance,
                              job->interval ? job->interval
                                            : apr_time_from_sec(conf.worker_interval),
                              worker, run)
               : status;
}

static apr_status_t add(apr_pool_t *pconf, server_rec *main, server_rec *server)
{
    worker_t like = {.server = server, .main = main};
    orders_server_conf_t conf;
    apr_status_t status;

    like.channels = channels_of(pconf, &like);
    orders_server_conf_resolve(orders_server_conf(server), &conf);
    status = add_job(pconf, &like, &upkeep, NULL);
    if (status == APR_SUCCESS) {
        status = add_job(pconf, &like, &bills, NULL);
    }
    if (status == APR_SUCCESS && conf.mailer) {
        status = add_job(pconf, &like, &mails, NULL);
    }
    for (int i = 0; i < like.channels->nelts && status == APR_SUCCESS; i++) {
        status =
            add_job(pconf, &like, &payments, &APR_ARRAY_IDX(like.channels, i, orders_channel_t));
    }
    return status;
}

/** The first server of those that share `first`'s pool whose OrdersWorker is On, or NULL. */
static server_rec *worker_of(server_rec *main, const server_rec *first)
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

/** The jobs of each pool. */
static apr_status_t add_all(apr_pool_t *pconf, server_rec *main)
{
    apr_status_t status = APR_SUCCESS;

    for (server_rec *first = main; first && status == APR_SUCCESS; first = first->next) {
        server_rec *server =
            orders_server_conf(first)->first == first ? worker_of(main, first) : NULL;

        if (server) {
            status = add(pconf, main, server);
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
    status = add_all(pconf, main);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main, "the watchdog takes no callback");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
