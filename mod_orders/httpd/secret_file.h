/* SPDX-License-Identifier: Apache-2.0 */
/** Files with secrets that directives name, read while the configuration is, as the user who starts httpd. */
#ifndef ORDERS_HTTPD_SECRET_FILE_H
#define ORDERS_HTTPD_SECRET_FILE_H

#include <httpd.h>

#include <apr_file_info.h>
#include <http_config.h>

/** What a file must be to be taken for one. */
typedef struct orders_secret_kind_t {
    int minimum;               /**< bytes; a newline at the end does not count */
    apr_fileperms_t forbidden; /**< permissions that would give it away */
    const char *whose;         /**< who would have them, for the refusal */
    const char *advice;        /**< how a good one is made, for the refusal of a short one */
} orders_secret_kind_t;

/** What tokens, links and signatures are derived from. */
extern const orders_secret_kind_t orders_secret_of_keys;
/** A password that somebody else has chosen. */
extern const orders_secret_kind_t orders_secret_password;

/** NULL, or a sentence without the directive's name. `*secret` is in the configuration's pool, ends with a NUL, and is set only when all is well. */
const char *orders_secret_file_read(cmd_parms *cmd, const char *name,
                                    const orders_secret_kind_t *kind, const unsigned char **secret,
                                    apr_size_t *length);

#endif
