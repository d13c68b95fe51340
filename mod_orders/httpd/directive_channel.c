/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directive_channel.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#include "httpd/config.h"
#include "httpd/option_timeout.h"
#include "httpd/secret_file.h"
#include "net/breaker.h"

typedef const char *(*option_setter_t)(cmd_parms *cmd, orders_channel_t *channel,
                                       const char *value);

static const char *set_provider(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    channel->provider = orders_provider_by_name(value);
    return channel->provider
               ? NULL
               : apr_psprintf(cmd->pool,
                              "OrdersPaymentChannel %s: unknown provider '%s'; use one of: %s",
                              channel->name, value, orders_provider_names(cmd->pool));
}

static const char *set_url(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    channel->url = value;
    return NULL;
}

static const char *set_secret(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    const char *error = orders_secret_file_read(cmd, value, &orders_secret_key, &channel->secret,
                                                &channel->secret_length);

    return error ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", error, NULL) : NULL;
}

static const char *set_timeout(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    const char *error = orders_option_timeout(cmd->pool, value, &channel->timeout_ms);

    return error ? apr_psprintf(cmd->pool, "OrdersPaymentChannel %s: %s", channel->name, error)
                 : NULL;
}

static const char *set_calls(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    apr_int64_t calls;
    char *end;

    calls = apr_strtoi64(value, &end, 10);
    if (!apr_isdigit(*value) || *end || calls < 1 || calls > ORDERS_BREAKER_MAX_CALLS) {
        return apr_psprintf(cmd->pool,
                            "OrdersPaymentChannel %s: calls= takes an integer from 1 to %d",
                            channel->name, ORDERS_BREAKER_MAX_CALLS);
    }
    channel->calls = (int)calls;
    return NULL;
}

static const char *set_ca_file(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    channel->ca_file = ap_server_root_relative(cmd->pool, value);
    return NULL;
}

static const char *set_client_id(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    channel->client_id = value;
    return NULL;
}

static const char *set_webhook_id(cmd_parms *cmd, orders_channel_t *channel, const char *value)
{
    channel->webhook_id = value;
    return NULL;
}

static const struct {
    const char *name;
    option_setter_t set;
} options[] = {
    {"provider", set_provider},   {"url", set_url},
    {"secret-file", set_secret},  {"timeout", set_timeout},
    {"calls", set_calls},         {"ca-file", set_ca_file},
    {"client-id", set_client_id}, {"webhook-id", set_webhook_id},
};

/** Sets one `name=value`. */
static const char *set_option(cmd_parms *cmd, orders_channel_t *channel, const char *option,
                              const char *value)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!strcmp(options[i].name, option)) {
            return options[i].set(cmd, channel, value);
        }
    }
    return apr_psprintf(
        cmd->pool,
        "OrdersPaymentChannel %s: unknown option '%s='; use provider=, url=, secret-file=, "
        "timeout=, calls=, ca-file= and, for PayPal, client-id= and webhook-id=",
        channel->name, option);
}

/** The name is a path segment of the events URL and a key in the database. */
static bool is_channel_name(const char *name)
{
    return *name && strlen(name) <= 40 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

static const char *missing_option(const orders_channel_t *channel)
{
    return !channel->provider ? "provider= (http or paypal)"
           : !channel->url    ? "url=https://..."
           : !channel->secret ? "secret-file=..."
                              : NULL;
}

const char *orders_directive_channel(cmd_parms *cmd, void *conf, const char *args)
{
    orders_server_conf_t *server = orders_server_conf(cmd->server);
    orders_channel_t channel = {.name = ap_getword_conf(cmd->pool, &args),
                                .timeout_ms = 10000,
                                .calls = ORDERS_BREAKER_CALLS};
    const orders_providers_t known = {.channels = server->channels};
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_LIMIT);

    if (!error && !is_channel_name(channel.name)) {
        error = "OrdersPaymentChannel: the name must have 1 to 40 of the characters a-z 0-9 _ -";
    }
    if (!error && orders_channel_find(&known, channel.name)) {
        error = apr_psprintf(cmd->pool, "OrdersPaymentChannel %s: this name is already in use",
                             channel.name);
    }
    while (!error && *args) {
        const char *value = ap_getword_conf(cmd->pool, &args);
        const char *option = ap_getword(cmd->pool, &value, '=');

        error = set_option(cmd, &channel, option, value);
    }
    if (!error && missing_option(&channel)) {
        error = apr_psprintf(cmd->pool, "OrdersPaymentChannel %s needs %s", channel.name,
                             missing_option(&channel));
    }
    if (!error && orders_channel_check(&channel, cmd->pool)) {
        error = apr_psprintf(cmd->pool, "OrdersPaymentChannel %s: %s", channel.name,
                             orders_channel_check(&channel, cmd->pool));
    }
    if (!error) {
        channel.breaker = orders_breaker_create(cmd->pool, channel.name, channel.calls);
        APR_ARRAY_PUSH(server->channels, orders_channel_t) = channel;
    }
    return error;
}
