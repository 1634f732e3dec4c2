// Preloaded into the broker: one in SHORT_WRITES positioned writes takes only a part of its bytes, as a disk may.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_uint calls;

static int is_short(void) {
    const char *share = getenv("SHORT_WRITES");
    return share && atomic_fetch_add(&calls, 1) % (unsigned)atoi(share) == 0;
}

static ssize_t positioned(int fd, const void *bytes, size_t count, off_t at) {
    static ssize_t (*next)(int, const void *, size_t, off_t);
    if (!next) next = dlsym(RTLD_NEXT, "pwrite64");
    // Direct writes want whole blocks.
    if (is_short() && count > 1) count = count > 4096 ? count / 2 / 4096 * 4096 : count % 512 ? count / 2 : count;
    return next(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return positioned(fd, bytes, count, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return positioned(fd, bytes, count, at); }

static ssize_t vector(int fd, const struct iovec *parts, int count, off_t at) {
    static ssize_t (*next)(int, const struct iovec *, int, off_t);
    if (!next) next = dlsym(RTLD_NEXT, "pwritev64");
    if (is_short()) {
        if (count > 1) return next(fd, parts, count - 1, at);
        if (parts[0].iov_len > 4096) {
            struct iovec part = {parts[0].iov_base, parts[0].iov_len / 2 / 4096 * 4096};
            return next(fd, &part, 1, at);
        }
    }
    return next(fd, parts, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return vector(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return vector(fd, parts, count, at); }
