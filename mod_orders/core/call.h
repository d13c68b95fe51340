/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A request of an API, and its response.
 *
 * The code of an API (api/) does not use httpd's request_rec: httpd/ creates a call, the handler of the API sets the members of a reply,
 * and httpd/ sends it. APIs can therefore be linked into unit tests, fuzzers and tools. Everything is allocated from `call->pool`, the
 * pool of the request. A call is used by one thread.
 */
#ifndef ORDERS_CORE_CALL_H
#define ORDERS_CORE_CALL_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fields.h"
#include "core/json_writer.h"
#include "core/log.h"
#include "core/page.h"
#include "core/problem.h"
#include "core/settings.h"

struct orders_database_t;  /* store/database.h */
struct orders_providers_t; /* payments/provider.h */

typedef enum {
    ORDERS_GET =
        1 << 0, /**< and HEAD: httpd drops the body. Changes nothing unless `acts` is set */
    ORDERS_POST = 1 << 1,
    ORDERS_PUT = 1 << 2,
    ORDERS_PATCH = 1 << 3,
    ORDERS_DELETE = 1 << 4
} orders_method_e;

#define ORDERS_SCOPE_NONE 0u
#define X(name, value) ORDERS_SCOPE_INDEX_##name,
enum { ORDERS_SCOPES(X) ORDERS_SCOPE__COUNT };
#undef X
#define ORDERS_SCOPE_BUYER (1u << ORDERS_SCOPE_INDEX_BUYER)
#define ORDERS_SCOPE_SELLER (1u << ORDERS_SCOPE_INDEX_SELLER)
#define ORDERS_SCOPE_OPERATOR (1u << ORDERS_SCOPE_INDEX_OPERATOR)
#define ORDERS_SCOPE_APPLICATION (1u << ORDERS_SCOPE_INDEX_APPLICATION)
#define ORDERS_SCOPE_ACT_AS_USER (1u << ORDERS_SCOPE_INDEX_ACT_AS_USER)
#define ORDERS_SCOPE_OPERATOR_READ (1u << ORDERS_SCOPE_INDEX_OPERATOR_READ)
#define ORDERS_SCOPE_OPERATOR_FULFIL (1u << ORDERS_SCOPE_INDEX_OPERATOR_FULFIL)
#define ORDERS_SCOPE_OPERATOR_MONEY (1u << ORDERS_SCOPE_INDEX_OPERATOR_MONEY)
#define ORDERS_SCOPE_OPERATOR_CATALOGUE (1u << ORDERS_SCOPE_INDEX_OPERATOR_CATALOGUE)
#define ORDERS_SCOPE_OPERATOR_ADMIN (1u << ORDERS_SCOPE_INDEX_OPERATOR_ADMIN)

/** The caller. */
typedef struct orders_identity_t {
    int32_t tenant;
    int64_t user_id;
    int64_t token_id; /**< 0: not authenticated by a token */
    const char *login;
    const char *ref;       /**< the user's external reference */
    unsigned scopes;       /**< ORDERS_SCOPE_…, with the implied ones (core/scope.h) */
    apr_time_t expires_at; /**< 0: never */
} orders_identity_t;

typedef enum {
    ORDERS_AUTH_IDENTITY, /**< httpd/ has resolved call->identity and checked the route's scope */
    ORDERS_AUTH_NONE,     /**< no identity: the request is signed, or the route is public */
    ORDERS_AUTH_OWN, /**< the handler reads the credential from the body and calls call->identify */
} orders_auth_e;

typedef enum {
    ORDERS_BODY_NONE,
    ORDERS_BODY_REQUIRED,
    ORDERS_BODY_OPTIONAL /**< an empty body is an empty object */
} orders_body_e;

/** Media types of the body; 0: JSON, forms and multipart forms. */
#define ORDERS_MEDIA_JSON 1u
#define ORDERS_MEDIA_FORM 2u
#define ORDERS_MEDIA_MULTIPART 4u
#define ORDERS_MEDIA_NDJSON 8u
#define ORDERS_MEDIA_CSV 16u
#define ORDERS_MEDIA_MERGE_PATCH 32u /**< RFC 7396; only routes that name it accept it */

/** Request headers that a route uses in addition to those of all routes. */
#define ORDERS_HEADER_KEY 1u           /**< Idempotency-Key */
#define ORDERS_HEADER_IF_MATCH 2u      /**< `version_mismatch` if no tag matches */
#define ORDERS_HEADER_IF_NONE_MATCH 4u /**< the response has an ETag */
#define ORDERS_HEADER_LANGUAGE 8u      /**< Accept-Language */

/** A kind of refusal, for `refuses`. */
#define ORDERS_REFUSES(kind) (1u << ORDERS_KIND_##kind)

/** Whether a write can run without effect, with the query parameter `dry_run=true` (core/dry_run.h). */
typedef enum {
    ORDERS_DRY_RUN_UNDECIDED, /**< the route does not read the parameter */
    ORDERS_DRY_RUN_YES, /**< the handler makes its reply from one write of the store, or checks call->dry_run */
    ORDERS_DRY_RUN_NO /**< `dry_run_not_supported` */
} orders_dry_run_e;

#define ORDERS_MAX_PARAMS 4
#define ORDERS_MAX_SUCCESS 2

typedef struct orders_call_t orders_call_t;
typedef struct orders_reply_t orders_reply_t;

typedef orders_problem_t *(*orders_handler_t)(orders_call_t *call, orders_reply_t *reply);

/**
 * One row of an API's route table. Handlers decode by the tables of their row (core/call_input.h), and t/checks/openapi.pl
 * compares the rows with docs/openapi.
 */
typedef struct orders_route_t {
    const char *name; /**< for the log, metrics and idempotency: "user.create" */
    unsigned method;  /**< exactly one ORDERS_… */
    /** Path below the mount, as in the specification: "", "/:id/cancel". A trailing slash is optional in requests. */
    const char *path;
    orders_auth_e auth;
    unsigned scope; /**< the required scope (any of the bits) */
    orders_body_e body;
    unsigned media;   /**< ORDERS_MEDIA_… of the body */
    unsigned headers; /**< ORDERS_HEADER_… */
    /** The fields of the body; NULL: none. */
    const orders_field_table_t *fields;
    /** The fields of the query string, except those of `pages`; NULL: none. */
    const orders_field_table_t *query;
    const orders_page_rules_t *pages; /**< of a list, or NULL */
    /** HTTP statuses of success, 0 for none. The first is set before the handler runs; {0} means 200. */
    unsigned short success[ORDERS_MAX_SUCCESS];
    /** ORDERS_REFUSES(…): kinds of refusals in addition to those that follow from the other members. */
    unsigned refuses;
    /** The API's table of the refusals of this route, which its `problem` reads; or NULL. */
    const void *refusals;
    orders_dry_run_e dry_run; /**< t/checks/dry_run.pl: each write of the operator API decides */
    bool raw_body;  /**< the body has any content type and is not decoded (signed events, NDJSON) */
    bool secret;    /**< the parameters of the path are a credential: they are masked in logs */
    bool guessable; /**< the number of an order is the only secret: failed lookups are limited */
    bool acts;      /**< a GET that changes data: HEAD and prefetches must not run it */
    /** Name of a list in the body, which may occur several times in a form; or NULL. */
    const char *repeated;
    apr_size_t max_body; /**< bytes; 0: the limit of the Location */
    orders_handler_t handler;
    /** Checks the headers before the body is read; or NULL. */
    orders_problem_t *(*before_body)(orders_call_t *call);
} orders_route_t;

/** Routes of an API that are defined in one file. */
typedef struct orders_route_group_t {
    const orders_route_t *routes;
    size_t count;
} orders_route_group_t;

/** The group of a static array of routes. */
#define ORDERS_ROUTE_GROUP(table)                                                                  \
    {                                                                                              \
        (table), sizeof(table) / sizeof((table)[0])                                                \
    }
/** The groups of an API that has one array of routes. */
#define ORDERS_ONE_GROUP(table)                                                                    \
    (const orders_route_group_t *const[])                                                          \
    {                                                                                              \
        &(const orders_route_group_t)ORDERS_ROUTE_GROUP(table), NULL                               \
    }

/** Features of an API: endpoints for links and callbacks, and its credentials. */
#define ORDERS_HAS_EVENTS 1u     /**< routes for events of providers */
#define ORDERS_HAS_OWN_EVENTS 8u /**< the same in an API without other routes */
#define ORDERS_HAS_PAY_LINKS 2u  /**< pages for the payment of an order by its link */
#define ORDERS_HAS_OWN_KEYS 4u   /**< accepts credentials outside of the Authorization header */

typedef struct orders_api_t {
    const char *name;
    unsigned has; /**< ORDERS_HAS_… */
    const char
        *needs_secret; /**< NULL, or why the API requires OrdersSecretFile, for an error message */
    const char *needs_public_url; /**< the same for OrdersPublicURL: "returns links" */
    /** Groups of routes, up to NULL. core/route.h finds and counts routes. */
    const orders_route_group_t *const *groups;
    /** Formats a problem for this API: sets status, content type, body and headers such as WWW-Authenticate. */
    void (*problem)(const orders_call_t *call, const orders_problem_t *problem,
                    orders_reply_t *reply);
} orders_api_t;

struct orders_call_t {
    apr_pool_t *pool;
    const orders_api_t *api;
    const orders_route_t *route;
    const char *param[ORDERS_MAX_PARAMS]; /**< captured path segments, URL-decoded, valid UTF-8 */
    const char *mount;                    /**< the Location's path, without a trailing slash */
    const char *query;                    /**< not decoded; "": none */
    const char *sent_path; /**< path sent by the client, before rewrites; for relative references */
    const char *sent_query;   /**< query sent by the client; "": none */
    const char *content_type; /**< media type in lower case without parameters; "": none */
    const char *body;         /**< NUL-terminated; "": none */
    apr_size_t body_length;
    const struct orders_input_t *input; /**< the body, after it was decoded into fields; or NULL */
    const char *idempotency_key;        /**< header, or NULL */
    const char *if_match;
    const char *accept_language;
    const char *request_id;
    /** Any other request header, or NULL. */
    const char *(*header)(const orders_call_t *call, const char *name);
    /** Whether the client has closed its connection. Costs a system call. */
    bool (*client_gone)(const orders_call_t *call);
    void *context; /**< of httpd/: the orders_request_t */
    bool head;     /**< HEAD: must not change data */
    bool
        dry_run; /**< the store rolls back all writes; the handler must call no provider and change no cache */
    const orders_identity_t *identity; /**< NULL for ORDERS_AUTH_NONE */
    /**
     * For ORDERS_AUTH_OWN: sets call->identity by a token (NULL: none was sent), or by httpd's user with OrdersIdentity
     * remote-user. `unauthenticated`, `forbidden` (the route's scope is missing), or an error of the database.
     */
    orders_problem_t *(*identify)(orders_call_t *call, const char *token);
    /**
     * Resolves a second credential, a token of this module, to its identity. Does not change call->identity and checks no scope.
     * `unauthenticated`, or an error of the database.
     */
    orders_problem_t *(*look_up)(orders_call_t *call, const char *token,
                                 const orders_identity_t **identity);
    /**
     * Counts further database sessions of the request for this user of the tenant: an application acts for the user.
     * identify() does the same for the identity. `ref`: as in orders_identity_t.
     */
    void (*count_for)(const orders_call_t *call, int64_t user_id, const char *ref);
    const orders_identity_t
        *application; /**< identity of the application (the API's second credential), or NULL */
    const orders_settings_t *settings;
    struct orders_database_t *database;
    struct orders_providers_t *providers;
    orders_log_t *log;
    /** Removes a revoked token from the cache. `hash`: its SHA-256, 32 bytes. */
    void (*forget_token)(const orders_call_t *call, const unsigned char *hash);
};

struct orders_reply_t {
    int status;
    const char *content_type; /**< default application/json */
    orders_json_t *json;      /**< the body; NULL: `data`, or no body */
    const char *data; /**< a body other than JSON (a page, a PDF); requires content_type; or NULL */
    apr_size_t length;   /**< of `data` */
    bool length_unknown; /**< HEAD without a rendered body: no Content-Length */
    /** The path of a file that httpd/ sends, with parts of it for Range; requires content_type and etag. NULL: none. */
    const char *file;
    orders_error_e file_missing; /**< the refusal if the file does not exist */
    const char *etag;     /**< quoted, or NULL. httpd/ responds to If-None-Match with 304 on GET */
    apr_table_t *headers; /**< further headers */
    bool replayed;        /**< the response is an idempotent replay */
};

#endif
