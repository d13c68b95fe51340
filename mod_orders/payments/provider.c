/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/provider.h"

#include <apr_strings.h>
#include <string.h>

#include "core/clock.h"
#include "net/http_client.h"
#include "payments/http_provider.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/provider.h"
#include "payments/paypal/token.h"

/** Maximum time of the database transactions of an operation: waiting, retries, statement timeouts. Seconds. */
#define DATABASE_SECONDS 60

static const orders_provider_t *const known[] = {
    &orders_http_provider,
    &orders_paypal_provider,
};

const orders_channel_t *orders_channel_find(const orders_providers_t *providers, const char *name)
{
    if (!providers || !providers->channels || !name) {
        return NULL;
    }
    for (int i = 0; i < providers->channels->nelts; i++) {
        const orders_channel_t *channel =
            &((const orders_channel_t *)(const void *)providers->channels->elts)[i];
        if (!strcmp(channel->name, name)) {
            return channel;
        }
    }
    return NULL;
}

bool orders_channel_open(const orders_providers_t *providers, const char *name,
                         orders_channel_t *channel)
{
    const orders_channel_t *found = orders_channel_find(providers, name);

    if (found) {
        *channel = *found;
        channel->cancelled = providers->cancelled;
        channel->context = providers->context;
        channel->log = providers->log;
        channel->request_id = providers->request_id;
        channel->trace = providers->trace;
        channel->caller = providers->caller;
    }
    return found != NULL;
}

int orders_channel_longest(const orders_channel_t *channel)
{
    return DATABASE_SECONDS + channel->provider->calls * orders_clock_seconds(channel->timeout_ms);
}

apr_array_header_t *orders_channel_names(const apr_array_header_t *channels, apr_pool_t *pool)
{
    int count = channels ? channels->nelts : 0;
    apr_array_header_t *names = apr_array_make(pool, count + 1, sizeof(const char *));

    for (int i = 0; i < count; i++) {
        APR_ARRAY_PUSH(names, const char *) = APR_ARRAY_IDX(channels, i, orders_channel_t).name;
    }
    return names;
}

const orders_provider_t *orders_provider_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(known[i]->name, name)) {
            return known[i];
        }
    }
    return NULL;
}

const char *orders_provider_names(apr_pool_t *pool)
{
    const char *names = known[0]->name;

    for (size_t i = 1; i < sizeof(known) / sizeof(known[0]); i++) {
        names = apr_pstrcat(pool, names, ", ", known[i]->name, NULL);
    }
    return names;
}

const char *orders_channel_check(const orders_channel_t *channel, apr_pool_t *pool)
{
    const char *error;

    if (!channel->url) {
        return "a payment channel requires url=";
    }
    error = orders_http_url_check(channel->url);
    if (error) {
        return error;
    }
    if (!channel->secret) {
        return "a payment channel requires secret-file=";
    }
    return channel->provider->options_check(channel, pool);
}

void orders_providers_startup(void)
{
    orders_http_startup();
}

void orders_providers_shutdown(void)
{
    orders_paypal_tokens_forget();
    orders_paypal_certificates_forget();
    orders_http_shutdown();
}
