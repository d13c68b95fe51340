/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PDF cache: one rendering for all requests of a document, one rendering at a time, a bounded queue, and no rendering for
 * clients that have left.
 */
#include <apr_atomic.h>
#include <apr_thread_proc.h>
#include <semaphore.h>

#include "documents/pdf_cache.c"

#include "support.h"

/** A rendering ends when `finish` is posted, or when no client waits for it. */
typedef struct client_t {
    orders_pdf_request_t request;
    sem_t *finish; /* NULL: at once */
    apr_size_t size;
    bool fails;
    apr_uint32_t has_gone;
    int rendered;
    bool was_abandoned;
    orders_invoice_pdf_t pdf;
    const char *code;
    int retry_after;
    apr_time_t waited;
    apr_pool_t *own;
    apr_thread_t *thread;
} client_t;

static bool has_gone(void *baton)
{
    client_t *client = baton;

    return apr_atomic_read32(&client->has_gone) != 0;
}

static orders_problem_t *fake(orders_invoice_pdf_t *pdf, apr_pool_t *own,
                              const orders_invoice_watch_t *watch, void *baton)
{
    client_t *client = baton;

    client->rendered++;
    while (client->finish && sem_trywait(client->finish)) {
        if (!watch->wanted(watch->baton)) {
            client->was_abandoned = true;
            return NULL;
        }
        apr_sleep(apr_time_from_msec(1));
    }
    if (client->fails) {
        return orders_problem_logged(own, ORDERS_E_internal_error, apr_pstrdup(own, "why"));
    }
    *pdf = (orders_invoice_pdf_t){.data = apr_pcalloc(own, client->size), .length = client->size};
    return NULL;
}

static client_t client_of(int key, sem_t *finish)
{
    client_t client = {
        .request = {.gone = has_gone, .render = fake}, .finish = finish, .size = 100};

    memset(client.request.key, key, sizeof(client.request.key));
    assert_int_equal(apr_pool_create(&client.own, pool), APR_SUCCESS);
    return client;
}

static void *APR_THREAD_FUNC get(apr_thread_t *thread, void *data)
{
    client_t *client = data;
    apr_time_t from = orders_clock_now();
    orders_problem_t *problem;

    client->request.baton = client;
    problem = orders_pdf_cache_get(&client->pdf, &client->request, client->own);
    client->waited = orders_clock_now() - from;
    client->code = code_of(problem);
    client->retry_after = problem ? problem->retry_after : 0;
    return NULL;
}

static bool wait_until_waiting(int count)
{
    for (int i = 0; i < 5000; i++) {
        bool reached;

        lock();
        reached = cache.rendering && cache.waiting == count;
        unlock();
        if (reached) {
            return true;
        }
        apr_sleep(apr_time_from_msec(1));
    }
    return false;
}

/** Returns when the thread renders, or is one of the `waiting` threads. */
static void start(client_t *client, int waiting)
{
    assert_int_equal(apr_thread_create(&client->thread, NULL, get, client, pool), APR_SUCCESS);
    assert_true(wait_until_waiting(waiting));
}

static void join(client_t *client)
{
    apr_status_t status;

    assert_int_equal(apr_thread_join(&status, client->thread), APR_SUCCESS);
}

static void empty_cache(void)
{
    lock();
    while (cache.ends.next != &cache.ends) {
        cached_pdf_t *entry = cache.ends.next;

        unlist(entry);
        free_unused(entry);
    }
    assert_int_equal(cache.bytes, 0);
    assert_int_equal(cache.rendering + cache.waiting + cache.requests, 0);
    unlock();
}

static void caches_documents(void **state)
{
    client_t first = client_of(1, NULL), second = client_of(1, NULL);
    orders_invoice_pdf_t pdf;

    assert_false(orders_pdf_cache_find(&pdf, first.request.key, pool));
    get(NULL, &first);
    get(NULL, &second);
    assert_int_equal(first.rendered + second.rendered, 1);
    assert_int_equal(second.pdf.length, 100);
    assert_ptr_equal(first.pdf.data, second.pdf.data);
    assert_true(orders_pdf_cache_find(&pdf, first.request.key, pool));
    assert_ptr_equal(pdf.data, first.pdf.data);
}

static void shares_one_rendering(void **state)
{
    client_t clients[4];
    sem_t finish;
    int rendered = 0;

    sem_init(&finish, 0, 0);
    for (int i = 0; i < 4; i++) {
        clients[i] = client_of(2, &finish);
        start(&clients[i], i);
    }
    sem_post(&finish);
    for (int i = 0; i < 4; i++) {
        join(&clients[i]);
        rendered += clients[i].rendered;
        assert_string_equal(clients[i].code, "");
        assert_ptr_equal(clients[i].pdf.data, clients[0].pdf.data);
    }
    assert_int_equal(rendered, 1);
}

static void renders_one_at_a_time(void **state)
{
    client_t first, second;
    sem_t finish;

    sem_init(&finish, 0, 0);
    first = client_of(3, &finish);
    second = client_of(4, &finish);
    start(&first, 0);
    start(&second, 1);
    assert_int_equal(second.rendered, 0);
    sem_post(&finish);
    join(&first);
    sem_post(&finish);
    join(&second);
    assert_int_equal(second.rendered, 1);
    assert_string_equal(second.code, "");
}

static void refuses_when_too_many_wait(void **state)
{
    client_t clients[ORDERS_PDF_WAITING + 1], late;
    sem_t finish;

    sem_init(&finish, 0, 0);
    for (int i = 0; i <= ORDERS_PDF_WAITING; i++) {
        clients[i] = client_of(5, &finish);
        start(&clients[i], i);
    }
    late = client_of(5, NULL);
    get(NULL, &late);
    assert_string_equal(late.code, "busy");
    assert_int_equal(late.retry_after, RETRY_AFTER);
    assert_in_range(late.waited, 0, apr_time_from_msec(900));
    sem_post(&finish);
    for (int i = 0; i <= ORDERS_PDF_WAITING; i++) {
        join(&clients[i]);
        assert_string_equal(clients[i].code, "");
    }
}

static void bounds_the_wait(void **state)
{
    client_t first, second;
    sem_t finish;

    sem_init(&finish, 0, 0);
    first = client_of(6, &finish);
    second = client_of(7, NULL);
    start(&first, 0);
    get(NULL, &second);
    assert_string_equal(second.code, "busy");
    assert_in_range(second.waited, apr_time_from_msec(1900), apr_time_from_sec(20));
    sem_post(&finish);
    join(&first);
}

static void stops_when_the_client_has_left(void **state)
{
    client_t first, again = client_of(8, NULL);
    sem_t never;

    sem_init(&never, 0, 0);
    first = client_of(8, &never);
    start(&first, 0);
    apr_atomic_set32(&first.has_gone, 1);
    join(&first);
    assert_true(first.was_abandoned);
    assert_string_equal(first.code, "request_abandoned");
    get(NULL, &again);
    assert_int_equal(again.rendered, 1);
    assert_string_equal(again.code, "");
}

static void continues_for_other_clients(void **state)
{
    client_t first, second;
    sem_t finish;

    sem_init(&finish, 0, 0);
    first = client_of(9, &finish);
    second = client_of(9, NULL);
    start(&first, 0);
    start(&second, 1);
    apr_atomic_set32(&first.has_gone, 1);
    apr_sleep(apr_time_from_msec(600)); /* the other thread has checked its own client twice */
    assert_false(first.was_abandoned);
    sem_post(&finish);
    join(&second);
    join(&first);
    assert_string_equal(second.code, "");
    assert_int_equal(second.rendered, 0);
}

static void removes_clients_that_left_from_the_queue(void **state)
{
    client_t first, second;
    sem_t finish;

    sem_init(&finish, 0, 0);
    first = client_of(10, &finish);
    second = client_of(11, NULL);
    start(&first, 0);
    start(&second, 1);
    apr_atomic_set32(&second.has_gone, 1);
    join(&second);
    assert_string_equal(second.code, "request_abandoned");
    assert_int_equal(second.rendered, 0);
    sem_post(&finish);
    join(&first);
}

static void does_not_cache_failures(void **state)
{
    client_t first = client_of(12, NULL), second = client_of(12, NULL);

    first.fails = true;
    get(NULL, &first);
    assert_string_equal(first.code, "internal_error");
    get(NULL, &second);
    assert_string_equal(second.code, "");
    assert_int_equal(second.rendered, 1);
}

/** Documents that are being sent stay valid; others are evicted, the least recently used first. */
static void is_bounded(void **state)
{
    const apr_size_t size = ORDERS_PDF_CACHE_BYTES / 4;
    client_t sent = client_of(20, NULL), used = client_of(21, NULL);
    orders_invoice_pdf_t pdf;

    empty_cache();
    sent.size = used.size = size;
    get(NULL, &sent);
    get(NULL, &used);
    apr_pool_destroy(used.own);
    for (int key = 22; key < 30; key++) {
        client_t other = client_of(key, NULL);

        other.size = size;
        get(NULL, &other);
        apr_pool_destroy(other.own);
        assert_in_range(cache.bytes, size, ORDERS_PDF_CACHE_BYTES);
        apr_pool_create(&used.own, pool);
        assert_true(orders_pdf_cache_find(&pdf, used.request.key, used.own));
        apr_pool_destroy(used.own);
    }
    assert_true(orders_pdf_cache_find(&pdf, sent.request.key, pool));
    assert_ptr_equal(pdf.data, sent.pdf.data);
    memset(sent.request.key, 22, sizeof(sent.request.key));
    assert_false(orders_pdf_cache_find(&pdf, sent.request.key, pool));
}

static void limits_the_number_of_requests(void **state)
{
    for (int i = 0; i < ORDERS_PDF_REQUESTS; i++) {
        assert_null(orders_pdf_cache_enter(pool));
    }
    assert_string_equal(code_of(orders_pdf_cache_enter(pool)), "busy");
    orders_pdf_cache_leave();
    assert_null(orders_pdf_cache_enter(pool));
    for (int i = 0; i < ORDERS_PDF_REQUESTS; i++) {
        orders_pdf_cache_leave();
    }
}

static int close_all(void **state)
{
    empty_cache();
    return apr_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(caches_documents),
        TEST(shares_one_rendering),
        TEST(renders_one_at_a_time),
        TEST(refuses_when_too_many_wait),
        TEST(bounds_the_wait),
        TEST(stops_when_the_client_has_left),
        TEST(continues_for_other_clients),
        TEST(removes_clients_that_left_from_the_queue),
        TEST(does_not_cache_failures),
        TEST(is_bounded),
        TEST(limits_the_number_of_requests),
    };

    return cmocka_run_group_tests(tests, apr_open, close_all);
}
