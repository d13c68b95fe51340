/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Calls of a socache provider that asks a server over the network (memcached, Redis). Providers bound these calls late or
 * not at all, so each is made by a thread of its own, and the caller waits at most ORDERS_REMOTE_CACHE_WAIT. After a call
 * without an answer one call at a time tries again, each after a pause; all others return at once.
 *
 * The threads are a process's own, made when they are needed, at most ORDERS_REMOTE_CACHE_THREADS of them. At most
 * ORDERS_REMOTE_CACHE_QUEUE removals wait for one; a caller that leaves its removal there gets APR_TIMEUP, and a thread performs it later.
 */
#ifndef ORDERS_HTTPD_REMOTE_CACHE_H
#define ORDERS_HTTPD_REMOTE_CACHE_H

#include <httpd.h>

#include <ap_socache.h>

#define ORDERS_REMOTE_CACHE_WAIT apr_time_from_sec(1)
#define ORDERS_REMOTE_CACHE_PAUSE apr_time_from_sec(5)
#define ORDERS_REMOTE_CACHE_THREADS 16
#define ORDERS_REMOTE_CACHE_QUEUE 256
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
    unsigned char *value;     /**< room for ORDERS_REMOTE_CACHE_VALUE bytes; NULL to remove */
    unsigned length;          /**< of the value; set by a retrieval */
    apr_time_t expires_at;    /**< to store */
} orders_remote_call_t;

/** The provider's status; APR_TIMEUP without an answer, and APR_EBUSY for a call that was not made. */
apr_status_t orders_remote_cache_call(const orders_remote_cache_t *cache,
                                      orders_remote_call_t *call);

#endif
