/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A receiver of HTTP messages on 127.0.0.1, with a thread for each connection. The path of a request decides how it behaves.
 */
#ifndef ORDERS_UNIT_RECEIVER_H
#define ORDERS_UNIT_RECEIVER_H

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_time.h>

static struct {
    int listener, port;
    int connections, requests; /* atomic */
    int blocks;                /* of 64 KiB that were sent, atomic */
    char last[70000];          /* the last request, headers and body */
    pthread_mutex_t lock;
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct behaviour_t {
    const char *path;
    const char *reply;            /* sent at once; NULL: nothing */
    void (*then)(int connection); /* after the reply, or NULL */
    bool close;                   /* the connection is closed afterwards */
} behaviour_t;

static inline bool receiver_say(int connection, const char *text, size_t length)
{
    while (length) {
        ssize_t sent = send(connection, text, length, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        text += sent;
        length -= (size_t)sent;
    }
    return true;
}

static inline void receiver_ten_megabytes(int connection)
{
    const int buffer = 65536;
    char block[65536];

    (void)setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 160 && receiver_say(connection, block, sizeof block); i++) {
        __atomic_add_fetch(&receiver.blocks, 1, __ATOMIC_SEQ_CST);
    }
}

static inline void receiver_trickle(int connection)
{
    for (int i = 0; i < 300 && receiver_say(connection, "x", 1); i++) {
        apr_sleep(apr_time_from_msec(100));
    }
}

/** Waits until the client has closed the connection, for half a minute at most. */
static inline void receiver_hang(int connection)
{
    const struct timeval patience = {.tv_sec = 30};
    char byte;

    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)recv(connection, &byte, 1, 0);
}

#define EMPTY "Content-Length: 0\r\n\r\n"

static const behaviour_t behaviours[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL, false},
    {"/no-content", "HTTP/1.1 204 No Content\r\n\r\n", NULL, false},
    {"/hints", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 202 Accepted\r\n" EMPTY,
     NULL, false},
    {"/500", "HTTP/1.1 500 Internal Server Error\r\n" EMPTY, NULL, false},
    {"/410", "HTTP/1.1 410 Gone\r\n" EMPTY, NULL, false},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\n" EMPTY, NULL, false},
    {"/wait", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\n" EMPTY, NULL, false},
    {"/wait-long", "HTTP/1.1 503 Busy\r\nretry-after:   99999999999999999999 \r\n" EMPTY, NULL,
     false},
    {"/wait-past", "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n" EMPTY,
     NULL, false},
    {"/wait-date", "HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n" EMPTY,
     NULL, false},
    {"/wait-never", "HTTP/1.1 503 Busy\r\nRetry-After: soon\r\n" EMPTY, NULL, false},
    {"/big", "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", receiver_ten_megabytes, true},
    {"/big-error", "HTTP/1.1 500 No\r\nContent-Length: 10485760\r\n\r\n", receiver_ten_megabytes,
     true},
    {"/trickle", "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", receiver_trickle, true},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nabc", NULL, true},
    {"/half", "HTTP/1.1 200 OK\r\nContent-Le", NULL, true},
    {"/close", NULL, NULL, true},
    {"/garbage", "this is no HTTP\r\n\r\n", NULL, true},
    {"/slow", NULL, receiver_hang, true},
};

/** Reads one request into `text`. False when the connection is closed. */
static inline bool receiver_hear(int connection, char *text, size_t size)
{
    size_t length = 0;
    const char *end;

    do {
        ssize_t got = recv(connection, text + length, size - length - 1, 0);
        const char *stated;

        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        text[length] = '\0';
        end = strstr(text, "\r\n\r\n");
        stated = end ? strcasestr(text, "Content-Length:") : NULL;
        if (stated && length < (size_t)(end + 4 - text) + (size_t)atol(stated + 15)) {
            end = NULL;
        }
    } while (!end && length + 1 < size);
    return true;
}

static inline bool receiver_reply(int connection, const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    size_t length = strcspn(path, " ?");

    for (size_t i = 0; i < COUNT(behaviours); i++) {
        const behaviour_t *one = &behaviours[i];

        if (strlen(one->path) == length && !strncmp(path, one->path, length)) {
            if (one->reply && !receiver_say(connection, one->reply, strlen(one->reply))) {
                return false;
            }
            if (one->then) {
                one->then(connection);
            }
            return !one->close;
        }
    }
    return receiver_say(connection, "HTTP/1.1 404 Not Found\r\n" EMPTY, 45);
}

static inline void *receiver_serve(void *data)
{
    const int connection = (int)(intptr_t)data;
    char *text = malloc(sizeof receiver.last);

    while (receiver_hear(connection, text, sizeof receiver.last)) {
        pthread_mutex_lock(&receiver.lock);
        memcpy(receiver.last, text, sizeof receiver.last);
        pthread_mutex_unlock(&receiver.lock);
        __atomic_add_fetch(&receiver.requests, 1, __ATOMIC_SEQ_CST);
        if (!receiver_reply(connection, text)) {
            break;
        }
    }
    free(text);
    close(connection);
    return NULL;
}

static inline void *receiver_accept(void *data)
{
    int connection;

    while ((connection = accept(receiver.listener, NULL, NULL)) >= 0) {
        pthread_t thread;

        __atomic_add_fetch(&receiver.connections, 1, __ATOMIC_SEQ_CST);
        if (pthread_create(&thread, NULL, receiver_serve, (void *)(intptr_t)connection)) {
            close(connection);
        } else {
            pthread_detach(thread);
        }
    }
    return NULL;
}

/** A socket that listens on 127.0.0.1; `*port`: where. */
static inline int listen_locally(int backlog, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        listen(listener, backlog) || getsockname(listener, (struct sockaddr *)&address, &length)) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return listener;
}

/** Starts the receiver. It ends with the process. */
static inline int receiver_start(void)
{
    pthread_t thread;

    receiver.listener = listen_locally(256, &receiver.port);
    return receiver.listener < 0 || pthread_create(&thread, NULL, receiver_accept, NULL) ||
           pthread_detach(thread);
}

#endif
