/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/export_directory.h"

#include <httpd.h>

#include <apr_strings.h>
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unixd.h>

#define MAX_GROUPS 256

/** Whether the child processes belong to the group. */
static bool is_in_group(gid_t group)
{
    gid_t groups[MAX_GROUPS];
    int count = MAX_GROUPS;

    if (ap_unixd_config.group_id == group) {
        return true;
    }
    if (!ap_unixd_config.user_name ||
        getgrouplist(ap_unixd_config.user_name, ap_unixd_config.group_id, groups, &count) < 0) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

/** Whether the child processes may create files. They have another user if root starts httpd. */
static bool is_writable(const char *directory, const struct stat *found)
{
    mode_t needed;

    if (geteuid() != 0 || ap_unixd_config.user_id == 0) {
        return !access(directory, W_OK | X_OK);
    }
    needed = found->st_uid == ap_unixd_config.user_id ? S_IWUSR | S_IXUSR
             : is_in_group(found->st_gid)             ? S_IWGRP | S_IXGRP
                                                      : S_IWOTH | S_IXOTH;
    return (found->st_mode & needed) == needed;
}

const char *orders_export_directory_check(apr_pool_t *pool, const char *directory)
{
    struct stat found;

    if (stat(directory, &found)) {
        return apr_psprintf(pool,
                            "the directory %s cannot be found: create it with the mode 700 and the "
                            "user of the child processes of httpd as owner",
                            directory);
    }
    if (!S_ISDIR(found.st_mode)) {
        return apr_psprintf(pool, "%s is not a directory", directory);
    }
    if (found.st_mode & S_IWOTH) {
        return apr_psprintf(pool, "all users of this machine can write to %s: chmod 700",
                            directory);
    }
    if (!is_writable(directory, &found)) {
        return apr_psprintf(pool,
                            "the child processes of httpd cannot write to %s: chown it to their "
                            "user, and chmod 700",
                            directory);
    }
    return NULL;
}
