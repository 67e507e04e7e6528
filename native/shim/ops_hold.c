/* Trees that must be opened before the mounts are made: while they are still the host's, or are another container's. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

/* The other container controls its own tree: no link of its is followed, and nothing but a tmpfs taken. */
static int open_folder_of(int namespace, const char *source)
{
    if (sys_setns(namespace, CLONE_NEWNS) < 0)
        return fail("setns");
    owned_fd folder = sys_openat2(AT_FDCWD, source, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    struct statfs fs;
    if (folder < 0 || fstatfs(folder, &fs) < 0)
        return fail(source);
    if (fs.f_type != TMPFS_MAGIC)
        return fail_as(EINVAL, source);
    int tree = sys_open_tree(folder, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    return tree < 0 ? fail(source) : tree;
}

/* There and back: entering a mount namespace changes the root and working directory, which may not be the namespace's. */
static int open_in_namespace(int namespace, const char *source)
{
    owned_fd own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (own < 0)
        return fail("/proc/self/ns/mnt");
    owned_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return fail("/");
    owned_fd tree = open_folder_of(namespace, source);
    int error = tree < 0 ? tree : 0;
    if (sys_setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0)
        return fail("setns");
    return error < 0 ? error : take_fd(&tree);
}

int op_hold_tree(struct child *child, const struct op *op)
{
    const char *source = text(op, HOLD_TREE_SOURCE);
    int namespace = (int)number(op, HOLD_TREE_NAMESPACE_FD);
    if (child->held_count == HELD_MAX)
        return fail_as(E2BIG, source);
    int tree;
    if (namespace)
        tree = open_in_namespace(namespace, source);
    else
        tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | (number(op, HOLD_TREE_RECURSIVE) ? AT_RECURSIVE : 0));
    if (tree < 0)
        return namespace ? tree : fail(source);
    child->held[child->held_count++] = (struct held){.source = source, .tree = tree};
    return 0;
}

int take_held(struct child *child, const char *source)
{
    for (uint32_t i = 0; i < child->held_count; i++)
        if (child->held[i].tree >= 0 && strcmp(child->held[i].source, source) == 0)
            return take_fd(&child->held[i].tree);
    return fail_as(ENOENT, source);
}
