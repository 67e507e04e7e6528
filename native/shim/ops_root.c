/* The root mount: made, held as an fd that every other path is resolved in, and pivoted into. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* fsconfig takes strings up to 255 bytes, mount(2) a page of options. */
#define FSCONFIG_STRING_MAX 255

int op_propagation(const struct op *op)
{
    if (sys_mount(NULL, "/", NULL, MS_REC | number(op, PROPAGATION_FLAGS), NULL) < 0)
        return fail("/");
    return 0;
}

/* The host's /dev/null is opened while "/" is still the host's tree. */
static int open_host_null(struct child *child)
{
    owned_fd fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail("/dev/null");
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return fail_as(ENODEV, "/dev/null");
    child->null = take_fd(&fd);
    return 0;
}

/* index and metacopy off, redirects neither made nor followed: an upper folder stays readable as a plain difference. */
static const char *const OVERLAY_OPTIONS[][2] = {{"index", "off"}, {"metacopy", "off"}, {"redirect_dir", "nofollow"}};

/* -EINVAL: this kernel has no lowerdir+. */
static int overlay_by_fsconfig(const struct op *op, int *mount)
{
    owned_fd fs = sys_fsopen("overlay");
    if (fs < 0)
        return fail("overlay");
    const struct field *lowers = &op->fields[OVERLAY_ROOT_LOWERS];
    const uint8_t *cursor = lowers->data;
    for (uint32_t i = 0; i < lowers->count; i++)
        if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", next_string(&cursor)) < 0)
            return fail("lowerdir+");
    const char *upper = text(op, OVERLAY_ROOT_UPPER);
    if (*upper && (configure(fs, "upperdir", upper) < 0 || configure(fs, "workdir", text(op, OVERLAY_ROOT_WORK)) < 0))
        return -errno;
    for (size_t i = 0; i < sizeof OVERLAY_OPTIONS / sizeof *OVERLAY_OPTIONS; i++)
        if (configure(fs, OVERLAY_OPTIONS[i][0], OVERLAY_OPTIONS[i][1]) < 0)
            return -errno;
    if (configure(fs, "source", "hako") < 0)
        return -errno;
    if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
        return fail("overlay");
    *mount = sys_fsmount(fs, 0);
    return *mount < 0 ? fail("overlay") : 0;
}

static int append(char *options, size_t size, size_t *used, const char *format, const char *value)
{
    int length = snprintf(options + *used, size - *used, format, value);
    if (length < 0 || (size_t)length >= size - *used)
        return fail_as(E2BIG, "overlay options");
    *used += (size_t)length;
    return 0;
}

static int overlay_by_mount(const struct op *op)
{
    char options[4096];
    size_t used = 0;
    const struct field *lowers = &op->fields[OVERLAY_ROOT_LOWERS];
    const uint8_t *cursor = lowers->data;
    int result = append(options, sizeof options, &used, "%s", "index=off,metacopy=off,redirect_dir=nofollow,lowerdir=");
    for (uint32_t i = 0; i < lowers->count && result == 0; i++)
        result = append(options, sizeof options, &used, i ? ":%s" : "%s", next_string(&cursor));
    if (result == 0 && *text(op, OVERLAY_ROOT_UPPER)) {
        result = append(options, sizeof options, &used, ",upperdir=%s", text(op, OVERLAY_ROOT_UPPER));
        if (result == 0)
            result = append(options, sizeof options, &used, ",workdir=%s", text(op, OVERLAY_ROOT_WORK));
    }
    if (result < 0)
        return result;
    const char *target = text(op, OVERLAY_ROOT_MOUNT_POINT);
    return sys_mount("hako", target, "overlay", 0, options) < 0 ? fail("overlay") : 0;
}

static int attach_root(struct child *child, int *mount, const char *mount_point)
{
    owned_fd target = open(mount_point, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0 || sys_move_mount(*mount, target) < 0)
        return fail(mount_point);
    child->root = take_fd(mount);
    return open_host_null(child);
}

int op_overlay_root(struct child *child, const struct op *op)
{
    const char *mount_point = text(op, OVERLAY_ROOT_MOUNT_POINT);
    /* The lowers are short names below this folder: 125 of them fit wherever the data root is. */
    if (chdir(text(op, OVERLAY_ROOT_LAYERS_DIR)) < 0)
        return fail(text(op, OVERLAY_ROOT_LAYERS_DIR));
    bool fits = op->fields[OVERLAY_ROOT_UPPER].count <= FSCONFIG_STRING_MAX && op->fields[OVERLAY_ROOT_WORK].count <= FSCONFIG_STRING_MAX;
    owned_fd mount = -1;
    int result = fits ? overlay_by_fsconfig(op, &mount) : -EINVAL;
    if (result == 0)
        result = attach_root(child, &mount, mount_point);
    else if (result == -EINVAL || result == -ENOSYS) {
        result = overlay_by_mount(op);
        if (result == 0) {
            child->root = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
            result = child->root < 0 ? fail(mount_point) : open_host_null(child);
        }
    }
    if (result == 0 && chdir("/") < 0)
        return fail("/");
    /* Unmounting an overlay syncs the disk: held by the shim, that happens after the end has been told. */
    return result < 0 ? result : send_fd(child->sync, SYNC_ROOT, child->root);
}

int op_bind_root(struct child *child, const struct op *op)
{
    owned_fd tree = sys_open_tree(AT_FDCWD, text(op, BIND_ROOT_SOURCE), OPEN_TREE_CLONE | AT_RECURSIVE);
    if (tree < 0)
        return fail(text(op, BIND_ROOT_SOURCE));
    return attach_root(child, &tree, text(op, BIND_ROOT_MOUNT_POINT));
}

int op_root_readonly(struct child *child)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    return sys_mount_setattr(child->root, 0, &attributes) < 0 ? fail("/") : 0;
}

int op_root_propagation(struct child *child, const struct op *op)
{
    uint64_t flags = number(op, ROOT_PROPAGATION_FLAGS);
    struct mount_attr attributes = {.propagation = flags & ~(uint64_t)MS_REC};
    if (attributes.propagation == 0)
        return 0;
    return sys_mount_setattr(child->root, flags & MS_REC ? AT_RECURSIVE : 0, &attributes) < 0 ? fail("/") : 0;
}

/* pivot_root(".", ".") stacks the old root on the new one; it is detached without ever having a name inside. */
int op_pivot(struct child *child)
{
    owned_fd old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || fchdir(child->root) < 0 || sys_pivot_root(".", ".") < 0)
        return fail("pivot_root");
    if (fchdir(old) < 0)
        return fail("old root");
    /* Private first: detaching must not reach the host's mounts. */
    if (sys_mount(NULL, ".", NULL, MS_PRIVATE | MS_REC, NULL) < 0 || sys_umount2(".", MNT_DETACH) < 0)
        return fail("old root");
    return chdir("/") < 0 ? fail("/") : 0;
}
