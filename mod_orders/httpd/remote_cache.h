/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Calls of a socache provider that uses the network (memcached, Redis). Providers have a long timeout or none, so each call is made by
 * a worker thread, and the caller waits at most ORDERS_REMOTE_CACHE_WAIT. After a timeout, one call at a time probes the server, each after
 * ORDERS_REMOTE_CACHE_PAUSE; all other calls fail immediately.
 *
 * A process creates its worker threads when it needs them, at most ORDERS_REMOTE_CACHE_THREADS. At most ORDERS_REMOTE_CACHE_QUEUE
 * removals wait for a free thread; the caller of a removal that is still in the queue gets APR_TIMEUP, and the removal is performed
 * later. Any thread may call.
 */
#ifndef ORDERS_HTTPD_REMOTE_CACHE_H
#define ORDERS_HTTPD_REMOTE_CACHE_H

#include <httpd.h>

#include <ap_socache.h>

#define ORDERS_REMOTE_CACHE_WAIT apr_time_from_sec(1)
#define ORDERS_REMOTE_CACHE_PAUSE apr_time_from_sec(5)
#define ORDERS_REMOTE_CACHE_THREADS 16
#define ORDERS_REMOTE_CACHE_QUEUE 256
/** Size of a key, and the maximum size of a value, in bytes. */
#define ORDERS_REMOTE_CACHE_KEY 32
#define ORDERS_REMOTE_CACHE_VALUE 1024

/** Lives as long as the configuration. */
typedef struct orders_remote_cache_t {
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    server_rec *server;
} orders_remote_cache_t;

typedef enum {
    ORDERS_REMOTE_RETRIEVE,
    ORDERS_REMOTE_STORE,
    ORDERS_REMOTE_REMOVE
} orders_remote_operation_e;

typedef struct orders_remote_call_t {
    orders_remote_operation_e operation;
    const unsigned char *key; /**< ORDERS_REMOTE_CACHE_KEY bytes */
    unsigned char
        *value;      /**< ORDERS_REMOTE_CACHE_VALUE bytes to retrieve into; not used to remove */
    unsigned length; /**< of the value, in bytes; set by a retrieval */
    apr_time_t expires_at; /**< for a store: wall-clock time */
} orders_remote_call_t;

/** The status of the provider; APR_TIMEUP: no reply in time; APR_EBUSY: the call was not made; APR_ENOMEM. */
apr_status_t orders_remote_cache_call(const orders_remote_cache_t *cache,
                                      orders_remote_call_t *call);

#endif
