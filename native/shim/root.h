/* Paths inside the container's root. No path of an image leads out of it: everything goes through openat2. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum missing { MISSING_FAILS, MISSING_IS_FOLDER, MISSING_IS_FILE };

struct creation {
    enum missing missing;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

extern const struct creation EXISTING;
extern const struct creation AS_FOLDER;
extern const struct creation AS_FILE;

/* An O_PATH fd of path below root, or -errno; what is missing is created as asked, one component at a time. */
int root_open(int root, const char *path, const struct creation *creation);

/* The folder that holds path's last component (created when missing), and that component's name. */
int root_open_parent(int root, const char *path, const char **name);

/*
 * An O_PATH fd of something below /proc or /sys (any other path: as root_open does), not following symlinks, its
 * file system verified: an image or a volume must not be able to put another file in the place of the kernel's.
 */
int root_open_kernel(int root, const char *path);

/* A writable or readable fd of a file of the host's own /proc, verified. */
int open_own_proc(const char *path, int flags);
