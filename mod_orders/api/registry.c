/* SPDX-License-Identifier: Apache-2.0 */
#include "api/registry.h"

#include <apr_cstr.h>
#include <apr_strings.h>

const orders_api_t *const orders_apis[] = {
    &orders_user_api,
    &orders_company_api,
    &orders_shop_api,
    &orders_customer_api,
    &orders_commerce_api,
    &orders_operator_api,
    &orders_provider_events_api,
    NULL,
};

const orders_api_t *orders_api_find(const char *name)
{
    for (const orders_api_t *const *api = orders_apis; *api; api++) {
        if (!apr_cstr_casecmp((*api)->name, name)) {
            return *api;
        }
    }
    return NULL;
}

const char *orders_api_names(apr_pool_t *pool)
{
    const char *names = "";
    for (const orders_api_t *const *api = orders_apis; *api; api++) {
        names = apr_pstrcat(pool, names, *names ? ", " : "", (*api)->name, NULL);
    }
    return names;
}
