#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

int soma_o_direct(void) { return O_DIRECT; }

int soma_fallocate(int descriptor, int mode, off_t offset, off_t length) {
    return fallocate(descriptor, mode, offset, length);
}

int soma_accept4(int descriptor, void *address, unsigned int *length, int flags) {
    return accept4(descriptor, (struct sockaddr *)address, length, flags);
}

static int listen_on(const struct addrinfo *address, int backlog) {
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    int on = 1, off = 0;
    if (address->ai_family == AF_INET6 && address->ai_flags & AI_PASSIVE)
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(descriptor, address->ai_addr, address->ai_addrlen) < 0 || listen(descriptor, backlog) < 0) {
        int failure = errno;
        close(descriptor);
        errno = failure;
        return -1;
    }
    return descriptor;
}

int soma_listen(const char *host, unsigned short port, int backlog, int *lookup) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints, *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = *host ? 0 : AI_PASSIVE;
    // Every address: one socket for IPv6 takes IPv4 as well; a machine without IPv6 gets the other.
    if (!*host) hints.ai_family = AF_INET6;
    *lookup = getaddrinfo(*host ? host : NULL, service, &hints, &found);
    int descriptor = -1;
    if (*lookup == 0) {
        found->ai_flags = hints.ai_flags;
        descriptor = listen_on(found, backlog);
        int failure = errno;
        freeaddrinfo(found);
        errno = failure;
    }
    if (descriptor >= 0 || *host || errno == EADDRINUSE || errno == EACCES) return descriptor;
    return soma_listen("0.0.0.0", port, backlog, lookup);
}

int soma_local_port(int descriptor) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(descriptor, (struct sockaddr *)&name, &length) < 0) return -1;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

int soma_accept(int descriptor, char *peer, int capacity) {
    struct sockaddr_storage name;
    memset(&name, 0, sizeof name);
    socklen_t length = sizeof name;
    int accepted = accept4(descriptor, (struct sockaddr *)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -1;
    int on = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    char text[INET6_ADDRSTRLEN] = "?";
    if (name.ss_family == AF_INET6) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)&name;
        int mapped = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
        inet_ntop(mapped ? AF_INET : AF_INET6, six->sin6_addr.s6_addr + (mapped ? 12 : 0), text, sizeof text);
        snprintf(peer, capacity, mapped ? "%s:%u" : "[%s]:%u", text, ntohs(six->sin6_port));
    } else {
        struct sockaddr_in *four = (struct sockaddr_in *)&name;
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
        snprintf(peer, capacity, "%s:%u", text, ntohs(four->sin_port));
    }
    return accepted;
}

void soma_trim_heap(void) { malloc_trim(0); }

void soma_lower_priority(void) {
    // Linux keeps both for each thread. 2 is the best-effort class, 7 its lowest level.
    pid_t thread = (pid_t)syscall(SYS_gettid);
    setpriority(PRIO_PROCESS, (id_t)thread, 10);
    syscall(SYS_ioprio_set, 1, thread, (2 << 13) | 7);
}

void soma_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, 15);
    kept[15] = 0;
    pthread_setname_np(pthread_self(), kept);
}

int soma_clock_is_synchronised(void) {
    struct timex time = {0};
    int state = adjtimex(&time);
    if (state < 0) return -1;
    return state != TIME_ERROR && !(time.status & STA_UNSYNC);
}
