/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/option_timeout.h"

#include <httpd.h>

#include <apr_strings.h>

const char *orders_option_timeout(apr_pool_t *pool, const char *value, int *milliseconds)
{
    apr_interval_time_t timeout;

    if (ap_timeout_parameter_parse(value, &timeout, "s") != APR_SUCCESS ||
        timeout < apr_time_from_msec(100) || timeout > apr_time_from_sec(60)) {
        return apr_psprintf(pool,
                            "timeout= takes seconds or milliseconds (10, 1500ms), from 100ms to "
                            "60s, not '%s'",
                            value);
    }
    *milliseconds = (int)apr_time_as_msec(timeout);
    return NULL;
}
