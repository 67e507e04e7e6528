/* The shim's side of the plan: settings, clone, and what only the host's namespaces can do. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "netlink.h"
#include "shim.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

uint64_t read_oom_kills(void)
{
    char content[1024];
    if (shim.oom_file < 0)
        return 0;
    ssize_t length = pread(shim.oom_file, content, sizeof content - 1, 0);
    if (length <= 0)
        return 0; /* the cgroup may be gone already: then nothing is known */
    content[length] = 0;
    const char *line = strstr(content, "oom_kill ");
    return line ? strtoull(line + strlen("oom_kill "), NULL, 10) : 0;
}

static int open_oom_file(const char *path)
{
    shim.oom_file = open(path, O_RDONLY | O_CLOEXEC);
    if (shim.oom_file < 0)
        return fail(path);
    shim.oom_kills = read_oom_kills();
    return 0;
}

static int keep_exit_path(const struct op *op)
{
    const struct field *path = &op->fields[EXIT_FILE_PATH];
    if (path->count + sizeof ".tmp" > sizeof shim.exit_path)
        return fail_as(ENAMETOOLONG, text(op, EXIT_FILE_PATH));
    memcpy(shim.exit_path, path->data, (size_t)path->count + 1);
    return 0;
}

/* Kernels (or seccomp filters around the engine) without clone3. */
static long clone_plain(uint64_t flags)
{
    return syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0, 0, 0, 0);
}

static long clone_child(uint64_t flags, const char *cgroup_dir)
{
    owned_fd cgroup = -1;
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    if (*cgroup_dir) {
        cgroup = open(cgroup_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (cgroup < 0)
            return fail(cgroup_dir);
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0 && errno == ENOSYS && !*cgroup_dir)
        pid = clone_plain(flags);
    return pid < 0 ? fail("clone") : pid;
}

static __attribute__((noreturn)) void become_child(int sync)
{
    struct child child = {.plan = &shim.plan, .sync = sync, .root = -1, .null = -1, .empty = -1, .label = -1, .stdio = shim.stdio};
    struct op op;
    if (plan_find(&shim.plan, OP_STDIO, &op)) {
        child.rows = (uint32_t)number(&op, STDIO_ROWS);
        child.cols = (uint32_t)number(&op, STDIO_COLS);
    }
    for (int fd = 0; fd <= 2; fd++)
        if (shim.child_fds[fd] >= 0 && dup2(shim.child_fds[fd], fd) < 0)
            _exit(127);
    child_main(&child);
}

static int op_clone(const struct op *op)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fail("socketpair");
    shim.clone_flags = number(op, CLONE_FLAGS);
    long pid = clone_child(shim.clone_flags, text(op, CLONE_CGROUP_DIR));
    if (pid == 0)
        become_child(pair[1]);
    close_now(&pair[1]);
    shim.sync = pair[0];
    if (pid < 0)
        return (int)pid;
    shim.pid = (pid_t)pid;
    close_child_stdio();
    return watch_fd(shim.sync, EPOLLIN, TOKEN_SYNC);
}

static int op_netlink_host(const struct op *op)
{
    const struct field *messages = &op->fields[NETLINK_HOST_MESSAGES], *offsets = &op->fields[NETLINK_HOST_PID_OFFSETS];
    uint8_t *bytes = (uint8_t *)(uintptr_t)messages->data;
    uint32_t pid = (uint32_t)shim.pid;
    for (uint32_t i = 0; i < offsets->count; i++) {
        uint32_t offset = u32_at(offsets, i);
        if (messages->count < sizeof pid || offset > messages->count - sizeof pid)
            return fail_as(EBADMSG, "netlink batch");
        memcpy(bytes + offset, &pid, sizeof pid);
    }
    return netlink_run(bytes, messages->count);
}

static int run(const struct op *op)
{
    switch (op->layout->code) {
    case OP_STDIO:
        shim.stdio = (uint32_t)number(op, STDIO_FLAGS);
        return open_stdio();
    case OP_FRAME_LOG:
        return log_open(text(op, FRAME_LOG_PATH), text(op, FRAME_LOG_INDEX_PATH));
    case OP_LOG_ROTATION:
        return log_rotation(op);
    case OP_EXIT_FILE:
        return keep_exit_path(op);
    case OP_OOM_FILE:
        return open_oom_file(text(op, OOM_FILE_PATH));
    case OP_JOIN_PID_NAMESPACE:
        return sys_setns((int)number(op, JOIN_PID_NAMESPACE_FD), CLONE_NEWPID) < 0 ? fail("setns") : 0;
    case OP_ADOPT:
        return op_adopt(op);
    case OP_CLONE:
        return op_clone(op);
    case OP_NETLINK_HOST:
        return op_netlink_host(op);
    default:
        return 0; /* the child's */
    }
}

/* The child has its own copies: the engine's descriptors must not be held for the life of the container. */
static void close_plan_fds(void)
{
    uint32_t offset = PLAN_HEADER_BYTES;
    struct op op;
    while (plan_next(&shim.plan, &offset, &op)) {
        uint16_t code = op.layout->code;
        if (code == OP_JOIN_PID_NAMESPACE || code == OP_JOIN_NAMESPACES || code == OP_EXEC_FD || code == OP_GATE)
            if (number(&op, 0) > LISTEN_FD)
                (void)close((int)number(&op, 0)); /* the same one may be named twice */
    }
}

int run_host_ops(void)
{
    uint32_t offset = PLAN_HEADER_BYTES;
    struct op op;
    while (plan_next(&shim.plan, &offset, &op)) {
        int result = run(&op);
        if (result < 0) {
            shim.failed_op = op.layout->code;
            return result;
        }
    }
    close_plan_fds();
    shim.host_done = true;
    char done = SYNC_HOST;
    /* A child that has failed meanwhile has closed its end, and reports by itself. */
    if (write(shim.sync, &done, 1) < 0 && errno != EPIPE && errno != ECONNRESET)
        return fail("child");
    return 0;
}
