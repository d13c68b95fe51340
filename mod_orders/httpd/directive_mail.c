/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directive_mail.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_core.h>
#include <string.h>

#include "core/mail_address.h"
#include "core/text.h"
#include "httpd/config.h"
#include "httpd/option_timeout.h"
#include "httpd/secret_file.h"

#define DEFAULT_TIMEOUT_MS 10000

/** A mailer while its options are parsed. */
typedef struct mailer_options_t {
    orders_mailer_t *mailer;
    bool starttls_given;
} mailer_options_t;

static bool is_one_line(const char *text)
{
    return *text && orders_utf8_valid(text, strlen(text)) &&
           !orders_text_has_control(text, strlen(text), false);
}

static const char *set_from(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    parsed->mailer->from = value;
    return orders_is_ascii_mail_address(value)
               ? NULL
               : apr_psprintf(cmd->pool, "from= takes an address like shop@example.com, not '%s'",
                              value);
}

static const char *set_from_name(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    parsed->mailer->from_name = value;
    return is_one_line(value) ? NULL : "from-name= takes one line of UTF-8";
}

static const char *set_user(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    parsed->mailer->user = value;
    return is_one_line(value) ? NULL : "user= takes one line of UTF-8";
}

static const char *set_password(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    const unsigned char *secret = NULL;
    apr_size_t length = 0;
    const char *error =
        orders_secret_file_read(cmd, value, &orders_secret_password, &secret, &length);

    parsed->mailer->password = (const char *)secret;
    if (!error &&
        (strlen(parsed->mailer->password) != length || !is_one_line((const char *)secret))) {
        error =
            apr_psprintf(cmd->pool, "the password in '%s' must be a single line of UTF-8", value);
    }
    return error;
}

static const char *set_starttls(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    parsed->starttls_given = true;
    parsed->mailer->starttls = !ap_cstr_casecmp(value, "on");
    return parsed->mailer->starttls || !ap_cstr_casecmp(value, "off")
               ? NULL
               : apr_psprintf(cmd->pool, "starttls= takes on or off, not '%s'", value);
}

static const char *set_ca_file(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    const char *path = ap_server_root_relative(cmd->pool, value);
    apr_finfo_t info;
    char reason[120];
    apr_status_t status =
        path ? apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) : APR_EBADPATH;

    parsed->mailer->ca_file = path;
    return status == APR_SUCCESS
               ? NULL
               : apr_psprintf(cmd->pool, "cannot read the certificates in '%s': %s", value,
                              apr_strerror(status, reason, sizeof reason));
}

static const char *set_timeout(cmd_parms *cmd, mailer_options_t *parsed, const char *value)
{
    return orders_option_timeout(cmd->pool, value, &parsed->mailer->timeout_ms);
}

static const struct {
    const char *name;
    const char *(*set)(cmd_parms *cmd, mailer_options_t *parsed, const char *value);
} options[] = {{"from", set_from},         {"from-name", set_from_name},
               {"user", set_user},         {"password-file", set_password},
               {"starttls", set_starttls}, {"ca-file", set_ca_file},
               {"timeout", set_timeout}};

/** Parses and sets the next name=value of `*args`. The value may be quoted. */
static const char *set_option(cmd_parms *cmd, mailer_options_t *parsed, const char **args)
{
    const apr_size_t length = strcspn(*args, "= \t\"");
    const char *name = apr_pstrmemdup(cmd->pool, *args, length);
    const char *value;

    if ((*args)[length] == '=' && (*args)[length + 1] == '"') { /* name="two words" */
        *args += length + 1;
        value = ap_getword_conf(cmd->pool, args);
    } else { /* name=word, "name=two words" */
        value = ap_getword_conf(cmd->pool, args);
        name = ap_getword(cmd->pool, &value, '=');
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!strcmp(options[i].name, name)) {
            return options[i].set(cmd, parsed, value);
        }
    }
    return apr_psprintf(
        cmd->pool,
        "unknown option '%s='; use from=, from-name=, user=, password-file=, starttls=, "
        "ca-file= or timeout=",
        name);
}

/** Checks that depend on several options. */
static const char *check_options(const mailer_options_t *parsed)
{
    const orders_mailer_t *mailer = parsed->mailer;
    const bool secure = !ap_cstr_casecmpn(mailer->url, "smtps:", 6);

    if (!mailer->from) {
        return "from= is missing: the sender address of the mails";
    }
    if (!mailer->user != !mailer->password) {
        return "user= and password-file= must be used together";
    }
    if (secure && parsed->starttls_given) {
        return "starttls= is for smtp:// only: smtps:// is always encrypted";
    }
    if (!secure && !mailer->starttls && mailer->password &&
        !orders_mail_url_is_local(mailer->url)) {
        return "with starttls=off the password would be sent unencrypted: use starttls=on or "
               "smtps://";
    }
    return NULL;
}

const char *orders_directive_mail(cmd_parms *cmd, void *conf, const char *args)
{
    orders_mailer_t *mailer = apr_pcalloc(cmd->pool, sizeof *mailer);
    mailer_options_t parsed = {.mailer = mailer};
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_LIMIT);

    if (error) {
        return error;
    }
    *mailer = (orders_mailer_t){.url = ap_getword_conf(cmd->pool, &args),
                                .starttls = true,
                                .timeout_ms = DEFAULT_TIMEOUT_MS};
    error = orders_mail_url_check(mailer->url);
    while (!error && *args) {
        error = set_option(cmd, &parsed, &args);
    }
    if (!error) {
        error = check_options(&parsed);
    }
    if (error) {
        return apr_pstrcat(cmd->pool, "OrdersMail: ", error, NULL);
    }
    mailer->starttls = mailer->starttls && ap_cstr_casecmpn(mailer->url, "smtps:", 6);
    mailer->breaker = orders_breaker_create_for_mail(cmd->pool);
    orders_server_conf(cmd->server)->mailer = mailer;
    return NULL;
}
