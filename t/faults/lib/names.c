// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into httpd by t/faults/webhooks.t, so that names and a public address can be tested without a network:
//
// * Names that end with ".example.test" have the address in the file NAMES_DIR/NAME.
// * A connection to the public address 2000::1, which belongs to nobody, goes to 127.0.0.1.
// * The certificates of the system's authorities are those in NAMES_DIR/ca.pem.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *path_of(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", getenv("NAMES_DIR"), name);
    return path;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    static const char suffix[] = ".example.test";
    size_t length = node ? strlen(node) : 0;
    char path[4096], address[64] = "";

    if (length < sizeof suffix || strcmp(node + length - (sizeof suffix - 1), suffix) != 0) {
        return next(node, service, hints, result);
    }
    FILE *file = fopen(path_of(path, sizeof path, node), "r");
    if (!file || fscanf(file, "%63s", address) != 1) {
        return EAI_NONAME;
    }
    fclose(file);
    return next(address, service, hints, result);
}

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    struct sockaddr_in6 other;
    struct in6_addr public;

    inet_pton(AF_INET6, "2000::1", &public);
    if (address->sa_family == AF_INET6 && length >= sizeof other) {
        memcpy(&other, address, sizeof other);
        if (!memcmp(&other.sin6_addr, &public, sizeof public)) {
            inet_pton(AF_INET6, "::ffff:127.0.0.1", &other.sin6_addr);
            return next(socket, (struct sockaddr *)&other, sizeof other);
        }
    }
    return next(socket, address, length);
}

static const char *replaced(char *path, size_t size, const char *name)
{
    return strcmp(name, "/etc/ssl/certs/ca-certificates.crt") ? name : path_of(path, size, "ca.pem");
}

FILE *fopen(const char *name, const char *mode)
{
    FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
    char path[4096];

    return next(replaced(path, sizeof path, name), mode);
}

FILE *fopen64(const char *name, const char *mode)
{
    FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
    char path[4096];

    return next(replaced(path, sizeof path, name), mode);
}
