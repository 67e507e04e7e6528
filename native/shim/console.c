/* The terminal: a pty of the root's own devpts, its slave the child's, its master the shim's. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "root.h"
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int open_master(int root)
{
    owned_fd fd = sys_openat2(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    struct statfs fs;
    int unlocked = 0;
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return fail("/dev/pts/ptmx");
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail("/dev/pts/ptmx");
    if (fs.f_type != DEVPTS_MAGIC || st.st_rdev != makedev(5, 2))
        return fail_as(EXDEV, "/dev/pts/ptmx");
    if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0)
        return fail("/dev/pts/ptmx");
    return take_fd(&fd);
}

static int bind_console(struct child *child, int slave)
{
    owned_fd target = root_open(child->root, "/dev/console", &AS_FILE);
    if (target < 0)
        return target;
    owned_fd tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (tree < 0 || sys_move_mount(tree, target) < 0)
        return fail("/dev/console");
    return 0;
}

int op_console(struct child *child, const struct op *op)
{
    owned_fd master = open_master(child->root);
    if (master < 0)
        return master;
    owned_fd slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return fail("TIOCGPTPEER");
    struct winsize size = {.ws_row = (unsigned short)child->rows, .ws_col = (unsigned short)child->cols};
    if ((child->rows || child->cols) && ioctl(master, TIOCSWINSZ, &size) < 0)
        return fail("TIOCSWINSZ");
    if (number(op, CONSOLE_BIND_CONSOLE)) {
        int result = bind_console(child, slave);
        if (result < 0)
            return result;
    }
    int socket = (int)number(op, CONSOLE_SOCKET_FD);
    int result = send_fd(socket ? socket : child->sync, SYNC_CONSOLE, master);
    if (result < 0)
        return result;
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        return fail("TIOCSCTTY");
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(slave, fd) < 0)
            return fail("console");
    return 0;
}
