/* SPDX-License-Identifier: Apache-2.0 */
/** Entries of the catalogue as documents: lists, reads, and changes of the current document. One round trip each. */
#ifndef ORDERS_STORE_ENTRY_H
#define ORDERS_STORE_ENTRY_H

#include "store/catalogue.h"

/** An entry as responses show it. */
typedef struct orders_entry_view_t {
    int64_t id;
    const char *kind, *ref;
    orders_document_t document; /**< its text is NULL for a row that is only a position in a list */
    const char *tag;            /**< of the document, for If-Match */
    int64_t created_at;         /**< 0: not recorded */
    int64_t updated_at;
} orders_entry_view_t;

/** The result of a change: `updated` or `unchanged`. */
typedef struct orders_written_entry_t {
    const char *outcome;
    int64_t id;
    bool replayed;
    const orders_entry_view_t *entry;
} orders_written_entry_t;

extern const orders_row_type_t orders_entry_view_type;
extern const orders_row_type_t orders_written_entry_type;

/** `*entry` is NULL if it does not exist. */
orders_problem_t *orders_entry_read(const orders_reader_t *reader, const char *kind,
                                    const char *ref,
                                    const orders_entry_view_t **entry) ORDERS_MUSTCHECK;

/**
 * At most `limit` entries, newest first. `filters`: a JSON object (orders_v1.list_entries). `before`: an id, 0 for the first page.
 * `*rows`: of orders_entry_view_t. If the filters match few entries, the last row may be only a position.
 */
orders_problem_t *orders_entry_list(const orders_reader_t *reader, const char *kind,
                                    const char *filters, int limit, int64_t before,
                                    apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** Applies a merge patch. `match`: acceptable tags (const char *), NULL: any. `not_found`, `version_mismatch`. */
orders_problem_t *orders_entry_patch(const orders_writer_t *writer, const orders_entry_t *patch,
                                     const apr_array_header_t *match,
                                     const orders_written_entry_t **written) ORDERS_MUSTCHECK;

/**
 * Stores a document if the entry has one of the tags `match` (NULL: any); without `exists`, if there is no such entry. Otherwise
 * `version_mismatch`.
 */
orders_problem_t *orders_entry_replace(const orders_writer_t *writer, const orders_entry_t *entry,
                                       const apr_array_header_t *match, bool exists,
                                       orders_stored_t **stored) ORDERS_MUSTCHECK;

#endif
