/* SPDX-License-Identifier: Apache-2.0 */
/** Settings of a tenant, for operators. One round trip each. */
#ifndef ORDERS_STORE_TENANT_SETTINGS_H
#define ORDERS_STORE_TENANT_SETTINGS_H

#include "store/operation.h"

typedef struct orders_tenant_settings_t {
    int64_t id; /**< of the tenant */
    int64_t version;
    const char *name, *tax_number, *email, *phone;
    const char *currency, *bill_series, *invoice_series, *time_zone;
    orders_document_t address, metadata;
    bool tax_inclusive;
    apr_time_t created_at, updated_at;
} orders_tenant_settings_t;

typedef struct orders_written_settings_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_tenant_settings_t *settings;
} orders_written_settings_t;

extern const orders_row_type_t orders_tenant_settings_type, orders_written_settings_type;

/** Errors: `not_found`. */
orders_problem_t *orders_tenant_settings_read(
    const orders_reader_t *reader, const orders_tenant_settings_t **settings) ORDERS_MUSTCHECK;

/** `match`: of const char *, the accepted version tags; NULL: any version. `changes`: a merge patch. */
orders_problem_t *orders_tenant_settings_change(
    const orders_writer_t *writer, const apr_array_header_t *match, const char *changes,
    orders_written_settings_t **written) ORDERS_MUSTCHECK;

#endif
