/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Deletes the files of exports that are not needed any more: expired and deleted ones, and those that a crash has left. Only files with a name
 * of an export are deleted. A file of an export that the database does not know, as after a restore, is deleted when it is
 * older than any export that is kept.
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "store/export.h"
#include "store/worker.h"
#include "worker/export_file.h"
#include "worker/step.h"

#define CHUNK 200
#define UUID_LENGTH 36
#define SECONDS_OF_A_DAY INT64_C(86400)

typedef struct file_t {
    const char *name;
    int32_t tenant;
    orders_export_file_t file;
    apr_time_t changed_at;
    bool is_known;
} file_t;

static bool read_uuid(apr_pool_t *pool, const char *text, const unsigned char **uuid)
{
    unsigned char *bytes = apr_palloc(pool, 16);
    int count = 0;

    for (int i = 0; i < UUID_LENGTH; i++) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char pair[3] = {text[i], is_dash ? '\0' : text[i + 1], '\0'};

        if (is_dash ? text[i] != '-' : strspn(pair, "0123456789abcdef") != 2) {
            return false;
        }
        if (!is_dash) {
            bytes[count++] = (unsigned char)strtol(pair, NULL, 16);
            i++;
        }
    }
    *uuid = bytes;
    return true;
}

/** A number without a sign and leading zeros, followed by `end`. */
static const char *read_number(const char *text, char end, int64_t *number)
{
    const size_t digits = strspn(text, "0123456789");

    *number = digits && digits < 10 && *text != '0' ? apr_atoi64(text) : 0;
    return *number && text[digits] == end ? text + digits + 1 : NULL;
}

/** Reads a name of orders_export_write_name(), with or without ORDERS_EXPORT_PART. */
static bool read_name(apr_pool_t *pool, const char *name, file_t *file)
{
    static const char *const ends[] = {"ndjson", "csv", "ndjson" ORDERS_EXPORT_PART,
                                       "csv" ORDERS_EXPORT_PART};
    int64_t tenant;
    const char *at = read_number(name, '-', &tenant);

    if (!at || strlen(at) < UUID_LENGTH + 1 || at[UUID_LENGTH] != '-' ||
        !read_uuid(pool, at, &file->file.export)) {
        return false;
    }
    at = read_number(at + UUID_LENGTH + 1, '.', &file->file.attempt);
    file->tenant = (int32_t)tenant;
    file->name = name;
    for (size_t i = 0; at && i < sizeof ends / sizeof *ends; i++) {
        if (!strcmp(at, ends[i])) {
            return true;
        }
    }
    return false;
}

/** The files of exports in the directory: array of file_t. A missing directory has none. */
static apr_array_header_t *list_files(apr_pool_t *pool, const char *directory)
{
    apr_array_header_t *files = apr_array_make(pool, 16, sizeof(file_t));
    apr_finfo_t info;
    apr_dir_t *open;

    if (apr_dir_open(&open, directory, pool)) {
        return files;
    }
    while (!apr_dir_read(&info, APR_FINFO_NAME, open)) {
        const char *name = apr_pstrdup(pool, info.name);
        file_t file = {.name = NULL};

        if (read_name(pool, name, &file) &&
            !apr_stat(&info, apr_pstrcat(pool, directory, "/", name, NULL), APR_FINFO_MTIME,
                      pool)) {
            file.changed_at = info.mtime;
            APR_ARRAY_PUSH(files, file_t) = file;
        }
    }
    apr_dir_close(open);
    return files;
}

static bool is_of(const file_t *file, int32_t tenant, const orders_export_file_t *found)
{
    return file->tenant == tenant && file->file.attempt == found->attempt &&
           !memcmp(file->file.export, found->export, 16);
}

static void remove_file(const orders_job_run_t *run, const file_t *file)
{
    const char *path =
        apr_pstrcat(run->reader.pool, run->context->export_directory, "/", file->name, NULL);

    if (!apr_file_remove(path, run->reader.pool)) {
        orders_log(run->context->log, ORDERS_LOG_INFO, "worker: deleted %s", path);
    }
}

/** Deletes the files of the chunk that are not needed, and marks the known ones. */
static orders_problem_t *judge_chunk(const orders_job_run_t *run, const orders_reader_t *reader,
                                     const apr_array_header_t *files,
                                     const apr_array_header_t *chunk)
{
    apr_array_header_t *found;

    ORDERS_TRY(orders_export_find_files(reader, chunk, &found));
    for (int i = 0; i < found->nelts; i++) {
        const orders_export_file_t *one = &APR_ARRAY_IDX(found, i, orders_export_file_t);

        for (int j = 0; j < files->nelts; j++) {
            file_t *file = &APR_ARRAY_IDX(files, j, file_t);

            if (is_of(file, reader->tenant, one) && !file->is_known) {
                file->is_known = true;
                if (!one->needed) {
                    remove_file(run, file);
                }
            }
        }
    }
    return NULL;
}

static orders_problem_t *judge_files(const orders_job_run_t *run, const orders_reader_t *reader,
                                     const apr_array_header_t *files)
{
    apr_array_header_t *chunk = apr_array_make(reader->pool, CHUNK, sizeof(orders_export_file_t));

    for (int i = 0; i < files->nelts; i++) {
        const file_t *file = &APR_ARRAY_IDX(files, i, file_t);

        if (file->tenant == reader->tenant) {
            APR_ARRAY_PUSH(chunk, orders_export_file_t) = file->file;
        }
        if (chunk->nelts == CHUNK) {
            ORDERS_TRY(judge_chunk(run, reader, files, chunk));
            apr_array_clear(chunk);
        }
    }
    return chunk->nelts ? judge_chunk(run, reader, files, chunk) : NULL;
}

static void remove_old_unknown(const orders_job_run_t *run, const apr_array_header_t *files)
{
    const apr_time_t oldest =
        apr_time_now() - apr_time_from_sec((run->context->export_kept_days + 1) * SECONDS_OF_A_DAY);

    for (int i = 0; i < files->nelts; i++) {
        const file_t *file = &APR_ARRAY_IDX(files, i, file_t);

        if (!file->is_known && file->changed_at < oldest) {
            remove_file(run, file);
        }
    }
}

/**
 * All tenants in one run, with one look at the directory. The files are listed before the database is asked: a file that is not listed may
 * belong to a later claim.
 */
orders_problem_t *orders_job_purge_exports(const orders_job_run_t *run)
{
    orders_reader_t reader = run->reader;
    apr_array_header_t *tenants, *files;

    files = list_files(run->reader.pool, run->context->export_directory);
    ORDERS_TRY(orders_worker_list_tenants(&run->reader, &tenants));
    apr_pool_create(&reader.pool, run->reader.pool);
    for (int i = 0; i < tenants->nelts; i++) {
        int64_t count;

        if (orders_job_stopping(run)) {
            return NULL;
        }
        reader.tenant = APR_ARRAY_IDX(tenants, i, int32_t);
        ORDERS_TRY(orders_export_expire(&reader, &count));
        ORDERS_TRY(judge_files(run, &reader, files));
        run->tally->done += count;
        apr_pool_clear(reader.pool);
    }
    remove_old_unknown(run, files);
    return NULL;
}
