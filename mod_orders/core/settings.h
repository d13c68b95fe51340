/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The settings of APIs, payments and jobs: plain values, merged per Location by httpd/, read-only at run time. They live as long as
 * the configuration.
 */
#ifndef ORDERS_CORE_SETTINGS_H
#define ORDERS_CORE_SETTINGS_H

#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

/** Mails per hour; 0: no limit. */
typedef struct orders_mail_limits_t {
    int per_order, per_agent;
} orders_mail_limits_t;

typedef struct orders_settings_t {
    int32_t tenant;
    bool own_tokens;  /**< identities come from bearer tokens, not from users of httpd */
    int page_default; /**< 0: the API's own default */
    int page_max;     /**< 0: the API's own maximum */
    int max_quantity;
    int payment_expiry;     /**< seconds; 0: never */
    int consumer_expiry;    /**< seconds; 0: never */
    int pay_link_lifetime;  /**< seconds */
    int bill_link_lifetime; /**< seconds */
    bool terminal_feed; /**< card refunds are checked against the transactions of the terminals */
    int refund_window;  /**< days after the payment */
    int return_window;  /**< days after the delivery */
    int renewal_window; /**< days before the end */
    const char *public_url; /**< without a trailing slash, or NULL */
    /** Paths below public_url of the APIs that receive events of providers: provider-events and operator; NULL: none. */
    const char *events_mount, *operator_mount;
    const char *pay_link_mount; /**< path below public_url of pay links; NULL: none */
    /** Of const char *: allowed https prefixes; NULL: none. */
    const apr_array_header_t *return_urls;
    /** Of const char *, in lower case: hosts of webhooks whose address may be private; NULL: none. */
    const apr_array_header_t *webhook_hosts;
    const unsigned char *secret; /**< of OrdersSecretFile, or NULL; signs */
    apr_size_t secret_length;
    const unsigned char *former_secret; /**< what it has signed is valid too; length 0: none */
    apr_size_t former_secret_length;
    orders_mail_limits_t mail_limits;
    bool mail;                    /**< OrdersMail is set: mails can be sent */
    const char *export_directory; /**< absolute path of the files of exports, or NULL */
} orders_settings_t;

#endif
