#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

// libmicrohttpd, and what Swift cannot call of it: the variadic start and the variadic connection query.

#include <microhttpd.h>
#include <stddef.h>
#include <sys/socket.h>

struct soma_mhd_settings {
    int listen_descriptor;
    unsigned int threads;
    unsigned int connections_max;
    unsigned int connections_per_address_max;  // 0: no limit
    unsigned int idle_seconds;
    size_t connection_memory_bytes;
};

struct soma_mhd_callbacks {
    void *context;  // first argument of each
    void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback access;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
};

// Starts serving on a listening socket, which stays the caller's until MHD_stop_daemon; NULL when it cannot.
struct MHD_Daemon *soma_mhd_start(const struct soma_mhd_settings *settings, const struct soma_mhd_callbacks *callbacks);

int soma_mhd_socket(struct MHD_Connection *connection);
const struct sockaddr *soma_mhd_peer(struct MHD_Connection *connection);
void *soma_mhd_socket_context(struct MHD_Connection *connection);

#endif
