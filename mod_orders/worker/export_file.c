/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/export_file.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/digest.h"

#define BUFFER_SIZE 65536
/** Written to the disk in steps of this size, so that the last step is short. */
#define SYNC_SIZE (32 * 1024 * 1024)

struct orders_export_file_writer_t {
    apr_pool_t *pool;
    const char *directory, *part, *path;
    int file; /**< -1: closed */
    orders_sha256_t *sha256;
    char *buffer;
    apr_size_t buffered;
    int64_t written;  /**< bytes, without those in the buffer */
    int64_t unsynced; /**< bytes written since the last fdatasync() */
};

/** The fault of errno. `path`: the file or directory that it is about. */
static const orders_export_fault_t *fault_of(apr_pool_t *pool, int error, const char *path)
{
    orders_export_fault_t *fault = apr_pcalloc(pool, sizeof *fault);
    char reason[120];

    apr_strerror(APR_FROM_OS_ERROR(error), reason, sizeof reason);
    fault->log = apr_psprintf(pool, "%s: %s", path, reason);
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        fault->code = "disk_full";
        fault->message = "The disk of the export directory is full.";
        break;
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EROFS:
        fault->code = "directory_unusable";
        fault->message = "The export directory is missing or cannot be written to.";
        break;
    default:
        fault->code = "write_failed";
        fault->message = "The file could not be written.";
    }
    return fault;
}

static const orders_export_fault_t *digest_fault(apr_pool_t *pool)
{
    orders_export_fault_t *fault = apr_pcalloc(pool, sizeof *fault);

    *fault = (orders_export_fault_t){.code = "internal_error",
                                     .message = "The SHA-256 of the file could not be computed.",
                                     .log = "OpenSSL cannot compute SHA-256, or is out of memory"};
    return fault;
}

static apr_status_t close_file(void *data)
{
    orders_export_file_writer_t *writer = data;

    if (writer->file >= 0) {
        close(writer->file);
        writer->file = -1;
        unlink(writer->part);
    }
    return APR_SUCCESS;
}

const orders_export_fault_t *orders_export_file_open(apr_pool_t *pool, const char *directory,
                                                     const char *name,
                                                     orders_export_file_writer_t **opened)
{
    orders_export_file_writer_t *writer = apr_pcalloc(pool, sizeof *writer);

    *opened = writer;
    writer->pool = pool;
    writer->directory = directory;
    writer->path = apr_pstrcat(pool, directory, "/", name, NULL);
    writer->part = apr_pstrcat(pool, writer->path, ORDERS_EXPORT_PART, NULL);
    writer->buffer = apr_palloc(pool, BUFFER_SIZE);
    writer->sha256 = orders_sha256_open(pool);
    writer->file = open(writer->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
    if (writer->file < 0) {
        return fault_of(pool, errno, writer->part);
    }
    apr_pool_cleanup_register(pool, writer, close_file, apr_pool_cleanup_null);
    return writer->sha256 ? NULL : digest_fault(pool);
}

static const orders_export_fault_t *sync_part(orders_export_file_writer_t *writer)
{
    writer->unsynced = 0;
    return fdatasync(writer->file) ? fault_of(writer->pool, errno, writer->part) : NULL;
}

static const orders_export_fault_t *flush(orders_export_file_writer_t *writer)
{
    const char *at = writer->buffer;

    if (!orders_sha256_add(writer->sha256, writer->buffer, writer->buffered)) {
        return digest_fault(writer->pool);
    }
    while (writer->buffered) {
        const ssize_t count = write(writer->file, at, writer->buffered);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return fault_of(writer->pool, count ? errno : ENOSPC, writer->part);
        }
        at += count;
        writer->buffered -= (apr_size_t)count;
        writer->written += count;
        writer->unsynced += count;
    }
    return writer->unsynced >= SYNC_SIZE ? sync_part(writer) : NULL;
}

const orders_export_fault_t *orders_export_file_add(orders_export_file_writer_t *writer,
                                                    const void *bytes, apr_size_t length)
{
    const char *from = bytes;
    const orders_export_fault_t *fault = NULL;

    while (length && !fault) {
        const apr_size_t room = BUFFER_SIZE - writer->buffered;
        const apr_size_t part = length < room ? length : room;

        memcpy(writer->buffer + writer->buffered, from, part);
        writer->buffered += part;
        from += part;
        length -= part;
        fault = writer->buffered == BUFFER_SIZE ? flush(writer) : NULL;
    }
    return fault;
}

/** Makes the name durable. */
static const orders_export_fault_t *sync_directory(const orders_export_file_writer_t *writer)
{
    const int directory = open(writer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = directory >= 0 && !fsync(directory);
    const int error = errno;

    if (directory >= 0) {
        close(directory);
    }
    return is_synced ? NULL : fault_of(writer->pool, error, writer->directory);
}

const orders_export_fault_t *orders_export_file_finish(orders_export_file_writer_t *writer,
                                                       const char **sha256)
{
    unsigned char digest[ORDERS_SHA256_SIZE];
    const orders_export_fault_t *fault = flush(writer);

    if (!fault && !orders_sha256_end(writer->sha256, digest)) {
        fault = digest_fault(writer->pool);
    }
    if (!fault && fsync(writer->file)) {
        fault = fault_of(writer->pool, errno, writer->part);
    }
    if (!fault && rename(writer->part, writer->path)) {
        fault = fault_of(writer->pool, errno, writer->path);
    }
    if (fault) {
        return fault;
    }
    close(writer->file);
    writer->file = -1;
    *sha256 = orders_hex(writer->pool, digest, sizeof digest);
    return sync_directory(writer);
}

void orders_export_file_remove(orders_export_file_writer_t *writer)
{
    unlink(writer->path);
}

int64_t orders_export_file_size(const orders_export_file_writer_t *writer)
{
    return writer->written + (int64_t)writer->buffered;
}
