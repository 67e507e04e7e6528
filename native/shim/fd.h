/* Scoped file descriptors: an owned_fd is closed when it goes out of scope, unless it was taken. */
#pragma once
#include <errno.h>
#include <unistd.h>

static inline void close_owned(const int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
    }
}

#define owned_fd __attribute__((cleanup(close_owned))) int

static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static inline void close_now(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}
