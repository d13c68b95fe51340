/* SPDX-License-Identifier: Apache-2.0 */
/** Secrets in files named by directives. They are read with the configuration, as the user that starts httpd. */
#ifndef ORDERS_HTTPD_SECRET_FILE_H
#define ORDERS_HTTPD_SECRET_FILE_H

#include <httpd.h>

#include <apr_file_info.h>
#include <http_config.h>

/** Requirements for a file. */
typedef struct orders_secret_kind_t {
    int minimum;               /**< length in bytes, without newlines at the end */
    apr_fileperms_t forbidden; /**< permissions that the file must not have */
    const char *readers;       /**< users with these permissions, for the error message */
    const char *advice;        /**< how to create a secret; for the error message */
} orders_secret_kind_t;

/** Keys from which tokens, links and signatures are derived. */
extern const orders_secret_kind_t orders_secret_key;
/** A password of another system. */
extern const orders_secret_kind_t orders_secret_password;

/** NULL, or an error message without the directive's name. `*secret` is NUL-terminated, in the configuration pool, and set on success only. */
const char *orders_secret_file_read(cmd_parms *cmd, const char *name,
                                    const orders_secret_kind_t *kind, const unsigned char **secret,
                                    apr_size_t *length);

/** The secrets of OrdersSecretFile, in the configuration pool. */
typedef struct orders_secret_pair_t {
    const unsigned char *secret;
    apr_size_t length;
    const unsigned char *former; /**< "" with length 0: none */
    apr_size_t former_length;
} orders_secret_pair_t;

/** Reads a key and, in an optional second line, the key before. Errors as orders_secret_file_read(). */
const char *orders_secret_file_read_pair(cmd_parms *cmd, const char *name,
                                         orders_secret_pair_t *pair);

#endif
