/*
 * The container's tree. Every target is an fd resolved inside the root (root.h), every mount is attached through an
 * fd: no path that an image controls is ever given to mount(2).
 */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "root.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define BIND_RECURSIVE 1u
#define BIND_ATTRIBUTES_RECURSIVE 2u
#define BIND_SOURCE_IN_ROOT 4u
#define BIND_SOURCE_BENEATH 8u
#define BIND_SOURCE_HELD 16u

int configure(int fd, const char *key, const char *value)
{
    return sys_fsconfig(fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value) < 0 ? fail(key) : 0;
}

int op_directory(struct child *child, const struct op *op)
{
    struct creation creation = {
        .missing = MISSING_IS_FOLDER,
        .mode = (mode_t)number(op, DIRECTORY_MODE),
        .uid = (uid_t)number(op, DIRECTORY_UID),
        .gid = (gid_t)number(op, DIRECTORY_GID),
    };
    owned_fd fd = root_open(child->root, text(op, DIRECTORY_PATH), &creation);
    struct stat st;
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return fail(text(op, DIRECTORY_PATH));
    return S_ISDIR(st.st_mode) ? 0 : fail_as(ENOTDIR, text(op, DIRECTORY_PATH));
}

static int configure_options(int fs, const struct field *options)
{
    const uint8_t *cursor = options->data;
    for (uint32_t i = 0; i < options->count; i++) {
        const char *option = next_string(&cursor);
        const char *equals = strchr(option, '=');
        char key[64];
        size_t length = equals ? (size_t)(equals - option) : strlen(option);
        if (length >= sizeof key)
            return fail_as(EINVAL, option);
        memcpy(key, option, length);
        key[length] = 0;
        if (configure(fs, key, equals ? equals + 1 : NULL) < 0)
            return fail(option);
    }
    return 0;
}

/* move_mount would say EINVAL, which says nothing. */
static int same_kind(int target, bool folder, const char *path)
{
    struct stat st;
    if (fstat(target, &st) < 0)
        return fail(path);
    return S_ISDIR(st.st_mode) == folder ? 0 : fail_as(ENOTDIR, path);
}

static bool has_option(const struct field *options, const char *prefix)
{
    const uint8_t *cursor = options->data;
    for (uint32_t i = 0; i < options->count; i++)
        if (strncmp(next_string(&cursor), prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* A tmpfs on a folder that the image has keeps that folder's mode, where the plan gives none (--tmpfs /run). */
static int keep_folder_mode(struct child *child, int fs, const struct op *op)
{
    if (strcmp(text(op, MOUNT_FSTYPE), "tmpfs") != 0 || has_option(&op->fields[MOUNT_OPTIONS], "mode="))
        return 0;
    owned_fd fd = root_open(child->root, text(op, MOUNT_TARGET), &EXISTING);
    struct stat st;
    char mode[8];
    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    (void)snprintf(mode, sizeof mode, "%04o", st.st_mode & 07777u);
    return configure(fs, "mode", mode);
}

static int open_mount_target(struct child *child, const char *target, const char *type)
{
    owned_fd fd = root_open(child->root, target, &AS_FOLDER);
    if (fd < 0 || (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0))
        return take_fd(&fd);
    /* Masks and sysctls rely on /proc and /sys being where they are called: an image's link there is refused. */
    close_now(&fd);
    fd = sys_openat2(child->root, *target == '/' ? target + 1 : target, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    return fd < 0 ? fail(target) : take_fd(&fd);
}

int op_mount(struct child *child, const struct op *op)
{
    const char *type = text(op, MOUNT_FSTYPE), *source = text(op, MOUNT_SOURCE), *target = text(op, MOUNT_TARGET);
    owned_fd fs = sys_fsopen(type);
    if (fs < 0)
        return fail(type);
    if (*source && configure(fs, "source", source) < 0)
        return fail(source);
    int result = keep_folder_mode(child, fs, op);
    if (result == 0)
        result = configure_options(fs, &op->fields[MOUNT_OPTIONS]);
    if (result < 0)
        return result;
    owned_fd fd = open_mount_target(child, target, type);
    if (fd < 0)
        return fd;
    result = same_kind(fd, true, target);
    if (result < 0)
        return result;
    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
        return fail(target);
    owned_fd mount = sys_fsmount(fs, (unsigned)number(op, MOUNT_ATTRIBUTES));
    if (mount < 0 || sys_move_mount(mount, fd) < 0)
        return fail(target);
    return 0;
}

/* Containers write in a volume: a link of theirs must not lead what is mounted of it elsewhere. */
static int open_beneath(const char *source, unsigned tree_flags)
{
    const char *beneath = strstr(source, "/./");
    char folder[PATH_MAX];
    size_t length = beneath ? (size_t)(beneath - source) : sizeof folder;
    if (length >= sizeof folder)
        return fail_as(EINVAL, source);
    memcpy(folder, source, length);
    folder[length] = 0;
    owned_fd top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return -errno;
    owned_fd fd = sys_openat2(top, beneath + strlen("/./"), O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    return fd < 0 ? -errno : sys_open_tree(fd, "", tree_flags | AT_EMPTY_PATH);
}

static int open_bind_source(struct child *child, const struct op *op)
{
    unsigned flags = (unsigned)number(op, BIND_FLAGS);
    unsigned tree_flags = OPEN_TREE_CLONE | (flags & BIND_RECURSIVE ? AT_RECURSIVE : 0);
    const char *source = text(op, BIND_SOURCE);
    int tree;
    if (flags & BIND_SOURCE_HELD)
        return take_held(child, source);
    if (flags & BIND_SOURCE_IN_ROOT) {
        owned_fd fd = root_open(child->root, source, &EXISTING);
        if (fd < 0)
            return fd;
        tree = sys_open_tree(fd, "", tree_flags | AT_EMPTY_PATH);
    } else if (flags & BIND_SOURCE_BENEATH) {
        tree = open_beneath(source, tree_flags);
    } else {
        tree = sys_open_tree(AT_FDCWD, source, tree_flags);
    }
    return tree < 0 ? fail(source) : tree;
}

int op_bind(struct child *child, const struct op *op)
{
    const char *target = text(op, BIND_TARGET);
    owned_fd tree = open_bind_source(child, op);
    struct stat st;
    if (tree < 0)
        return tree;
    if (fstat(tree, &st) < 0)
        return fail(text(op, BIND_SOURCE));
    struct mount_attr attributes = {.attr_set = number(op, BIND_ATTRIBUTES_SET), .attr_clr = number(op, BIND_ATTRIBUTES_CLEAR), .userns_fd = number(op, BIND_USERS_FD)};
    unsigned depth = number(op, BIND_FLAGS) & BIND_ATTRIBUTES_RECURSIVE ? AT_RECURSIVE : 0;
    if ((attributes.attr_set || attributes.attr_clr) && sys_mount_setattr(tree, depth, &attributes) < 0)
        return fail(target);
    owned_fd fd = root_open(child->root, target, S_ISDIR(st.st_mode) ? &AS_FOLDER : &AS_FILE);
    if (fd < 0)
        return fd;
    int kind = same_kind(fd, S_ISDIR(st.st_mode), target);
    if (kind < 0)
        return kind;
    if (sys_move_mount(tree, fd) < 0)
        return fail(target);
    /* MS_REC, as Docker's rshared and friends have it, asks for the whole subtree. */
    uint64_t propagation = number(op, BIND_PROPAGATION);
    struct mount_attr spread = {.propagation = propagation & ~(uint64_t)MS_REC};
    if (spread.propagation && sys_mount_setattr(tree, propagation & MS_REC ? AT_RECURSIVE : 0, &spread) < 0)
        return fail(target);
    return 0;
}

int op_device(struct child *child, const struct op *op)
{
    const char *path = text(op, DEVICE_PATH), *name;
    owned_fd parent = root_open_parent(child->root, path, &name);
    if (parent < 0)
        return parent;
    mode_t mode = (mode_t)number(op, DEVICE_MODE);
    dev_t device = makedev((unsigned)number(op, DEVICE_MAJOR), (unsigned)number(op, DEVICE_MINOR));
    if (mknodat(parent, name, mode, device) < 0) {
        struct stat st;
        if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return fail(path);
        bool same = (st.st_mode & S_IFMT) == (mode & S_IFMT) && st.st_rdev == device;
        return same ? 0 : fail_as(EEXIST, path);
    }
    if (fchownat(parent, name, (uid_t)number(op, DEVICE_UID), (gid_t)number(op, DEVICE_GID), AT_SYMLINK_NOFOLLOW) < 0)
        return fail(path);
    return 0;
}

int op_symlink(struct child *child, const struct op *op)
{
    const char *path = text(op, SYMLINK_PATH), *name;
    owned_fd parent = root_open_parent(child->root, path, &name);
    if (parent < 0)
        return parent;
    if (symlinkat(text(op, SYMLINK_TARGET), parent, name) < 0 && errno != EEXIST)
        return fail(path);
    return 0;
}

/* One empty tmpfs serves all masked folders of a container. */
static int open_empty(struct child *child)
{
    if (child->empty >= 0)
        return 0;
    owned_fd fs = sys_fsopen("tmpfs");
    if (fs < 0)
        return fail("tmpfs");
    if (configure(fs, "size", "4k") < 0 || configure(fs, "nr_inodes", "2") < 0 || configure(fs, "mode", "0555") < 0)
        return -errno;
    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
        return fail("tmpfs");
    child->empty = sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return child->empty < 0 ? fail("tmpfs") : 0;
}

/* The first folder takes the tmpfs itself, so that a clone has an attached mount to be made of. */
static int cover_folder(struct child *child, int target, const char *path)
{
    bool first = child->empty < 0;
    int result = open_empty(child);
    if (result < 0)
        return result;
    if (first)
        return sys_move_mount(child->empty, target) < 0 ? fail(path) : 0;
    owned_fd copy = sys_open_tree(child->empty, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (copy < 0 || sys_move_mount(copy, target) < 0)
        return fail(path);
    return 0;
}

int op_mask(struct child *child, const struct op *op)
{
    const char *path = text(op, MASK_PATH);
    owned_fd fd = root_open_kernel(child->root, path);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    struct stat st;
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return fail(path);
    if (S_ISDIR(st.st_mode))
        return cover_folder(child, fd, path);
    if (child->null < 0)
        return fail_as(ENODEV, "/dev/null");
    owned_fd tree = sys_open_tree(child->null, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (tree < 0 || sys_move_mount(tree, fd) < 0)
        return fail(path);
    return 0;
}

int op_readonly(struct child *child, const struct op *op)
{
    const char *path = text(op, READONLY_PATH);
    owned_fd fd = root_open_kernel(child->root, path);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    if (fd < 0)
        return fd;
    owned_fd tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (tree < 0 || sys_mount_setattr(tree, 0, &attributes) < 0 || sys_move_mount(tree, fd) < 0)
        return fail(path);
    return 0;
}
