#include "root.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define MAX_STEPS 512

const struct creation EXISTING = {.missing = MISSING_FAILS};
const struct creation AS_FOLDER = {.missing = MISSING_IS_FOLDER, .mode = 0755};
const struct creation AS_FILE = {.missing = MISSING_IS_FILE, .mode = 0644};

static int open_inside(int root, const char *path, uint64_t flags)
{
    while (*path == '/')
        path++;
    return sys_openat2(root, *path ? path : ".", O_PATH | flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static int create_entry(int parent, const char *name, bool last, const struct creation *creation)
{
    bool folder = !last || creation->missing == MISSING_IS_FOLDER;
    if (folder) {
        if (mkdirat(parent, name, last ? creation->mode & 01777 : 0755) < 0)
            return -errno;
    } else {
        owned_fd fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, creation->mode);
        if (fd < 0)
            return -errno;
    }
    if ((creation->uid != 0 || creation->gid != 0) && fchownat(parent, name, creation->uid, creation->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    /* mkdir takes no set-id bits, and chown would have cleared them. */
    if (!last || !(creation->mode & 06000))
        return 0;
    owned_fd fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 || fchmod(fd, creation->mode) < 0 ? -errno : 0;
}

/* path[..start) + link + path[end..), or link + path[end..) for an absolute link. */
static int splice_link(char *path, size_t start, size_t end, const char *link)
{
    char joined[PATH_MAX];
    size_t keep = link[0] == '/' ? 0 : start;
    int length = snprintf(joined, sizeof joined, "%.*s%s%s", (int)keep, path, link, path + end);
    if (length < 0 || (size_t)length >= sizeof joined)
        return -ENAMETOOLONG;
    memcpy(path, joined, (size_t)length + 1);
    return 0;
}

/* Creates the first component of path that is missing; a link that leads nowhere yet is replaced by its target. */
static int create_first_missing(int root, char *path, const struct creation *creation)
{
    owned_fd parent = open_inside(root, "", O_DIRECTORY);
    if (parent < 0)
        return -errno;
    size_t start = 0;
    for (;;) {
        start += strspn(path + start, "/");
        size_t end = start + strcspn(path + start, "/");
        bool last = path[end + strspn(path + end, "/")] == 0;
        char prefix[PATH_MAX];
        memcpy(prefix, path, end);
        prefix[end] = 0;
        int next = open_inside(root, prefix, 0);
        if (next >= 0) {
            if (last)
                return close(next), 0;
            close_now(&parent);
            parent = next;
            start = end;
            continue;
        }
        if (errno != ENOENT)
            return -errno;
        int result = create_entry(parent, prefix + start, last, creation);
        if (result != -EEXIST)
            return result;
        char link[PATH_MAX];
        ssize_t length = readlinkat(parent, prefix + start, link, sizeof link - 1);
        if (length < 0)
            return errno == EINVAL ? 0 : -errno; /* somebody else has just made it */
        link[length] = 0;
        return splice_link(path, start, end, link);
    }
}

int root_open(int root, const char *path, const struct creation *creation)
{
    int fd = open_inside(root, path, 0);
    if (fd >= 0)
        return fd;
    if (errno != ENOENT || creation->missing == MISSING_FAILS)
        return fail(path);
    char wanted[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof wanted)
        return fail_as(ENAMETOOLONG, path);
    memcpy(wanted, path, length + 1);
    for (int step = 0; step < MAX_STEPS; step++) {
        int result = create_first_missing(root, wanted, creation);
        if (result < 0)
            return fail_as(-result, path);
        fd = open_inside(root, wanted, 0);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT)
            return fail(path);
    }
    return fail_as(ELOOP, path);
}

int root_open_parent(int root, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (**name == 0 || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return fail_as(EINVAL, path);
    char parent[PATH_MAX];
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof parent)
        return fail_as(ENAMETOOLONG, path);
    memcpy(parent, path, length);
    parent[length] = 0;
    return root_open(root, parent, &AS_FOLDER);
}

static bool below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

int root_open_kernel(int root, const char *path)
{
    bool proc = below(path, "/proc"), sys = below(path, "/sys");
    if (!proc && !sys)
        return root_open(root, path, &EXISTING);
    owned_fd fd = sys_openat2(root, path + 1, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    if (fd < 0)
        return fail(path);
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return fail(path);
    if ((uint64_t)fs.f_type != (proc ? PROC_MAGIC : SYSFS_MAGIC))
        return fail_as(EXDEV, path);
    return take_fd(&fd);
}

int open_own_proc(const char *path, int flags)
{
    owned_fd fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return fail(path);
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return fail(path);
    if (fs.f_type != PROC_MAGIC)
        return fail_as(EXDEV, path);
    return take_fd(&fd);
}
