#pragma once
#include <stddef.h>

/* Sends one netlink message and waits for its acknowledgement: 0 or -errno. */
int ask_kernel(int fd, const void *message, size_t bytes);
