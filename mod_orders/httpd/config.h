/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The configuration, per Location and per server.
 *
 * The two lists of members below are the only place that lists them: structs, create functions, inheritance and defaults are
 * generated from them. The configuration lives in httpd's configuration pool and is read-only once children run, except
 * orders_server_conf_t.session_pool, which each child sets for itself. Therefore each server has its own struct, even one without a
 * directive of this module (AP_MODULE_FLAG_ALWAYS_MERGE).
 */
#ifndef ORDERS_HTTPD_CONFIG_H
#define ORDERS_HTTPD_CONFIG_H

#include <httpd.h>

#include <apr_tables.h>
#include <http_config.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/call.h"
#include "messages/mail.h"
#include "payments/provider.h"

#define ORDERS_UNSET INT_MIN

struct orders_remote_groups_t; /* remote_groups.h */

typedef enum { ORDERS_IDENTITY_TOKEN = 1, ORDERS_IDENTITY_REMOTE_USER } orders_identity_source_e;

/**
 * Members that a Location, a virtual host or the main server may set.
 * X(type, name, unset, default, directive). A section's own value overrides an inherited one.
 */
#define ORDERS_DIR_MEMBERS(X)                                                                      \
    X(const orders_api_t *, api, NULL, NULL, OrdersAPI)                                            \
    X(const char *, mount, NULL, NULL, OrdersAPI)                                                  \
    X(int, tenant, ORDERS_UNSET, 1, OrdersTenant)                                                  \
    X(int, identity, ORDERS_UNSET, ORDERS_IDENTITY_TOKEN, OrdersIdentity)                          \
    X(int, remote_user_scopes, ORDERS_UNSET, (int)ORDERS_SCOPE_BUYER, OrdersRemoteUserScopes)      \
    X(struct orders_remote_groups_t *, remote_groups, NULL, NULL, OrdersRemoteGroupScopes)         \
    X(int, token_cache, ORDERS_UNSET, 10, OrdersTokenCache) /* seconds */                          \
    X(int, max_body, ORDERS_UNSET, 65536, OrdersMaxBody)    /* bytes */                            \
    X(int, page_default, ORDERS_UNSET, 0, OrdersPageSize)                                          \
    X(int, page_max, ORDERS_UNSET, 0, OrdersPageSize)                                              \
    X(int, max_quantity, ORDERS_UNSET, 10, OrdersMaxQuantity)                                      \
    X(int, mails_of_order, ORDERS_UNSET, 3, OrdersMailLimit)           /* per hour; 0: none */     \
    X(int, mails_of_agent, ORDERS_UNSET, 20, OrdersMailLimit)          /* the same */              \
    X(int, guesses_of_user, ORDERS_UNSET, 10, OrdersGuessLimit)        /* per minute; 0: none */   \
    X(int, guesses_of_address, ORDERS_UNSET, 60, OrdersGuessLimit)     /* the same */              \
    X(int, body_timeout, ORDERS_UNSET, 10, OrdersBodyTimeout)          /* seconds */               \
    X(int, statement_timeout, ORDERS_UNSET, 5, OrdersStatementTimeout) /* seconds */               \
    X(int, slow_statement, ORDERS_UNSET, 1000, OrdersSlowStatement)    /* milliseconds; 0: off */  \
    X(int, payment_expiry, ORDERS_UNSET, 900, OrdersPaymentExpiry)     /* seconds */               \
    X(int, consumer_expiry, ORDERS_UNSET, 900, OrdersConsumerExpiry)   /* seconds */               \
    X(int, pay_link_lifetime, ORDERS_UNSET, 86400, OrdersPayLinkLifetime)  /* seconds */           \
    X(int, bill_link_lifetime, ORDERS_UNSET, 3600, OrdersBillLinkLifetime) /* seconds */           \
    X(int, terminal_feed, ORDERS_UNSET, 1, OrdersTerminalFeed)                                     \
    X(int, refund_window, ORDERS_UNSET, 30, OrdersRefundWindow)       /* days */                   \
    X(int, return_window, ORDERS_UNSET, 30, OrdersReturnWindow)       /* days */                   \
    X(int, renewal_window, ORDERS_UNSET, 30, OrdersRenewalWindow)     /* days */                   \
    X(apr_array_header_t *, return_urls, NULL, NULL, OrdersReturnURL) /* const char * */

/** Members that only a server may set. A virtual host inherits from the main server. */
#define ORDERS_SERVER_MEMBERS(X)                                                                   \
    X(const char *, token_cache_provider, NULL, "shmcb", OrdersTokenCacheProvider)                 \
    X(int, sessions, ORDERS_UNSET, 4, OrdersSessions)                 /* per process */            \
    X(int, sessions_per_user, ORDERS_UNSET, 0, OrdersSessionsPerUser) /* 0: half of them */        \
    X(int, queue_timeout, ORDERS_UNSET, 2000, OrdersQueueTimeout)     /* milliseconds */           \
    X(int, prepared_statements, ORDERS_UNSET, 1, OrdersPreparedStatements)                         \
    X(const char *, public_url, NULL, NULL, OrdersPublicURL)                                       \
    X(int, idempotency_lifetime, ORDERS_UNSET, 86400, OrdersIdempotencyLifetime) /* seconds */     \
    X(int, mails_kept, ORDERS_UNSET, 90, OrdersRetention)            /* days; 0: forever */        \
    X(int, provider_events_kept, ORDERS_UNSET, 400, OrdersRetention) /* the same */                \
    X(int, tokens_kept, ORDERS_UNSET, 30, OrdersRetention)           /* the same */                \
    X(int, carts_kept, ORDERS_UNSET, 180, OrdersRetention)           /* the same */                \
    X(int, webhooks_kept, ORDERS_UNSET, 30, OrdersRetention)         /* the same */                \
    X(apr_array_header_t *, webhook_hosts, NULL, NULL, OrdersWebhookAllowHosts) /* const char * */ \
    X(const char *, export_directory, NULL, NULL, OrdersExportDirectory) /* NULL: no exports */    \
    X(int, exports_kept, ORDERS_UNSET, 7, OrdersExportDirectory)         /* days */                \
    X(const unsigned char *, secret, NULL, NULL, OrdersSecretFile)                                 \
    X(int, secret_length, ORDERS_UNSET, 0, OrdersSecretFile)                                       \
    X(const unsigned char *, former_secret, NULL, NULL, OrdersSecretFile)                          \
    X(int, former_secret_length, ORDERS_UNSET, 0, OrdersSecretFile) /* 0: none */                  \
    X(const orders_mailer_t *, mailer, NULL, NULL, OrdersMail)      /* NULL: no mails are sent */  \
    X(int, worker, ORDERS_UNSET, 1, OrdersWorker)                                                  \
    X(int, worker_interval, ORDERS_UNSET, 5, OrdersWorkerInterval) /* seconds */

#define ORDERS_MEMBER(type, name, unset, fallback, directive) type name;

typedef struct orders_dir_conf_t {
    ORDERS_DIR_MEMBERS(ORDERS_MEMBER)
} orders_dir_conf_t;

struct orders_session_pool_t; /* sessions.h */

typedef struct orders_server_conf_t {
    ORDERS_SERVER_MEMBERS(ORDERS_MEMBER)
    apr_array_header_t *
        channels; /**< of orders_channel_t: its own, then those of the main server with other names */
    apr_array_header_t *mounts; /**< of orders_mount_t, the main server's first */
    bool
        error_documents; /**< the configuration has an ErrorDocument, which must not replace the errors of an API */
    /** Of the servers that share a connection pool of mod_dbd, the first one with an API. NULL if this server has no API. */
    server_rec *first;
    const unsigned char
        *database;          /**< ORDERS_SHA256_SIZE bytes that identify the database; or NULL */
    const char *dbd_params; /**< DBDParams, or NULL */
    struct orders_session_pool_t
        *session_pool; /**< of this process; NULL if the server has no API */
} orders_server_conf_t;

/** An OrdersAPI directive. */
typedef struct orders_mount_t {
    const orders_api_t *api;
    const char *path;
    const orders_dir_conf_t *dir; /**< of its Location, without inherited values */
    const ap_directive_t *section;
    const char *file; /**< where it was configured */
    int line;
} orders_mount_t;

/** The value of a member, or its default. */
#define ORDERS_DEFAULT(value, unset, fallback) ((value) == (unset) ? (fallback) : (value))

extern const command_rec orders_directives[];

void *orders_dir_conf_create(apr_pool_t *pool, char *dir);
void *orders_dir_conf_merge(apr_pool_t *pool, void *base, void *add);
void *orders_server_conf_create(apr_pool_t *pool, server_rec *server);
void *orders_server_conf_merge(apr_pool_t *pool, void *base, void *add);

/** Copies a merged configuration to `into` with the defaults filled in. */
void orders_dir_conf_resolve(const orders_dir_conf_t *conf, orders_dir_conf_t *into);
void orders_server_conf_resolve(const orders_server_conf_t *conf, orders_server_conf_t *into);

/**
 * The values that apply at the path of a mount: those of its Location, of the Locations around it and of its server, with the defaults filled in.
 * Sections that depend on the request, such as <If>, are left out.
 */
void orders_config_effective(apr_pool_t *pool, const server_rec *server,
                             const orders_mount_t *mount, orders_dir_conf_t *into);

orders_dir_conf_t *orders_dir_conf(const request_rec *r);
orders_server_conf_t *orders_server_conf(const server_rec *server);

/**
 * The path of an API with the feature `has` (ORDERS_HAS_…) that serves `tenant`, or NULL. A Location with its own
 * OrdersTenant is preferred to one that inherits it.
 */
const char *orders_config_mount(const orders_server_conf_t *conf, unsigned has, int tenant);

/** Adds the scope of that name to `*scopes`. False: unknown name. */
bool orders_config_scope(const char *word, unsigned *scopes);

/** For ap_hook_check_config: checks that depend on several directives. OK, or an HTTP error that has been logged. */
int orders_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main);

#endif
