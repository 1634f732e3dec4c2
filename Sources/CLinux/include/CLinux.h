#ifndef CLINUX_H
#define CLINUX_H

// Linux calls that Swift's Glibc module does not carry.

// _GNU_SOURCE stays off here: with it the C library's structs differ from those that Swift's Glibc module has, and the
// two cannot meet in one file. What only GNU declares is reached through the functions at the end.
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// O_DIRECT and O_CLOEXEC as numbers.
int soma_o_direct(void);
// fallocate(2) and accept4(2), which glibc declares for GNU only.
int soma_fallocate(int descriptor, int mode, off_t offset, off_t length);
int soma_accept4(int descriptor, void *address, unsigned int *length, int flags);
// Makes a non-blocking, close-on-exec TCP socket bound to the host (an address or a name; empty for all) and port,
// listening; -1 and errno, and the code of getaddrinfo when the host stands for no address.
int soma_listen(const char *host, unsigned short port, int backlog, int *lookup);
// The port a socket is bound to, host order; -1 and errno.
int soma_local_port(int descriptor);
// Accepts one non-blocking, close-on-exec connection with TCP_NODELAY set; the peer as address:port; -1 and errno.
int soma_accept(int descriptor, char *peer, int capacity);
// Names the calling thread in /proc and debuggers; at most 15 bytes are kept.
void soma_name_thread(const char *name);
// Lets other threads go first, for the processor and for the disk.
void soma_lower_priority(void);
// Gives memory that the allocator holds and nobody uses back to the system.
void soma_trim_heap(void);
// Whether the kernel counts its clock as set right by a time service: 1 or 0; -1 when it does not tell.
int soma_clock_is_synchronised(void);

#endif
