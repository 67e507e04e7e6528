#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct spawn_request {
    int exe_fd;
    char **argv;
    char **env;
    const int *fds; /* fds[i] becomes fd i of the child; everything else is closed */
    size_t fd_count;
    bool new_session;
};

/* Returns the child's pid, or -errno when the program could not be started. */
pid_t spawn_program(const struct spawn_request *request);
