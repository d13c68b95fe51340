/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/secret_file.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <string.h>

#define MAX_LENGTH 4096

const orders_secret_kind_t orders_secret_key = {.minimum = 32,
                                                .forbidden = APR_FPROT_WREAD,
                                                .readers = "all users of this machine",
                                                .advice =
                                                    ": create one with `openssl rand -base64 48`"};

const orders_secret_kind_t orders_secret_password = {.minimum = 1,
                                                     .forbidden = APR_FPROT_WREAD | APR_FPROT_GREAD,
                                                     .readers = "users other than its owner",
                                                     .advice = ""};

static apr_status_t read_file(cmd_parms *cmd, const char *path, char *bytes, apr_size_t *length,
                              apr_finfo_t *info)
{
    apr_file_t *file;
    apr_status_t status =
        path ? apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, cmd->temp_pool) : APR_EBADPATH;

    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_file_info_get(info, APR_FINFO_PROT | APR_FINFO_TYPE, file);
    if (status == APR_SUCCESS) {
        status = apr_file_read_full(file, bytes, MAX_LENGTH + 1, length);
    }
    apr_file_close(file);
    return status == APR_EOF ? APR_SUCCESS : status;
}

const char *orders_secret_file_read(cmd_parms *cmd, const char *name,
                                    const orders_secret_kind_t *kind, const unsigned char **secret,
                                    apr_size_t *length)
{
    char *bytes = apr_pcalloc(cmd->pool, MAX_LENGTH + 2);
    apr_finfo_t info;
    apr_status_t status =
        read_file(cmd, ap_server_root_relative(cmd->pool, name), bytes, length, &info);
    char reason[120];

    if (status != APR_SUCCESS) {
        return apr_psprintf(cmd->pool, "cannot read the secret in '%s': %s", name,
                            apr_strerror(status, reason, sizeof reason));
    }
    if (info.protection & kind->forbidden) {
        return apr_psprintf(cmd->pool, "'%s' can be read by %s: chmod 600", name, kind->readers);
    }
    if (*length > MAX_LENGTH) {
        return apr_psprintf(cmd->pool, "'%s' is longer than %d bytes, the maximum for a secret",
                            name, MAX_LENGTH);
    }
    while (*length && (bytes[*length - 1] == '\n' || bytes[*length - 1] == '\r')) {
        bytes[--*length] = '\0';
    }
    if (*length < (apr_size_t)kind->minimum) {
        return apr_psprintf(cmd->pool, "'%s' has %d bytes; a secret needs at least %d%s", name,
                            (int)*length, kind->minimum, kind->advice);
    }
    *secret = (const unsigned char *)bytes;
    return NULL;
}

/** The length of the line at `text`, without its line break. */
static apr_size_t line_length(const char *text, apr_size_t length)
{
    const char *end = memchr(text, '\n', length);
    apr_size_t size = end ? (apr_size_t)(end - text) : length;

    return size && text[size - 1] == '\r' ? size - 1 : size;
}

const char *orders_secret_file_read_pair(cmd_parms *cmd, const char *name,
                                         orders_secret_pair_t *pair)
{
    const int minimum = orders_secret_key.minimum;
    apr_size_t length;
    const unsigned char *bytes;
    const char *error = orders_secret_file_read(cmd, name, &orders_secret_key, &bytes, &length);

    if (error) {
        return error;
    }
    const char *text = (const char *)bytes;
    const char *second = memchr(text, '\n', length);

    *pair = (orders_secret_pair_t){
        .secret = bytes, .length = line_length(text, length), .former = (const unsigned char *)""};
    if (second) {
        second++;
        length -= (apr_size_t)(second - text);
        if (memchr(second, '\n', length)) {
            return apr_psprintf(cmd->pool,
                                "'%s' has more than two lines: the secret and, in a "
                                "second line, the former one",
                                name);
        }
        if (*text == '#' || *second == '#') { /* which can be guessed */
            return apr_psprintf(cmd->pool,
                                "'%s' has a comment: write only the "
                                "secret and, in a second line, the former one",
                                name);
        }
        pair->former = (const unsigned char *)second;
        pair->former_length = length;
    }
    if (pair->length < (apr_size_t)minimum || (second && length < (apr_size_t)minimum)) {
        return apr_psprintf(cmd->pool, "line %d of '%s' has %d bytes; a secret needs at least %d%s",
                            pair->length < (apr_size_t)minimum ? 1 : 2, name,
                            (int)(pair->length < (apr_size_t)minimum ? pair->length : length),
                            minimum, orders_secret_key.advice);
    }
    return NULL;
}
