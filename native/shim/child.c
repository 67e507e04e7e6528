#include "child.h"
#include "failure.h"
#include "kernel.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

int send_fd(int socket, enum sync_message type, int fd)
{
    char first = (char)type;
    struct iovec data = {.iov_base = &first, .iov_len = 1};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) != 1 ? fail("descriptor") : 0;
}

static int run(struct child *child, const struct op *op)
{
    switch ((enum op_code)op->layout->code) {
    case OP_STDIO:
    case OP_FRAME_LOG:
    case OP_LOG_ROTATION:
    case OP_EXIT_FILE:
    case OP_OOM_FILE:
    case OP_JOIN_PID_NAMESPACE:
    case OP_CLONE:
    case OP_NETLINK_HOST:
    case OP_ADOPT:
        return 0; /* the shim's */
    case OP_JOIN_CGROUPS:
        return op_join_cgroups(op);
    case OP_UNSHARE:
        return sys_unshare(number(op, UNSHARE_FLAGS)) < 0 ? fail("unshare") : 0;
    case OP_JOIN_NAMESPACES:
        return op_join_namespaces(child, op);
    case OP_WAIT_HOST:
        return op_wait_host(child);
    case OP_NETLINK_INSIDE:
        return op_netlink_inside(op);
    case OP_HOSTNAME:
        return op_hostname(op);
    case OP_PROPAGATION:
        return op_propagation(op);
    case OP_HOLD_TREE:
        return op_hold_tree(child, op);
    case OP_OVERLAY_ROOT:
        return op_overlay_root(child, op);
    case OP_BIND_ROOT:
        return op_bind_root(child, op);
    case OP_DIRECTORY:
        return op_directory(child, op);
    case OP_MOUNT:
        return op_mount(child, op);
    case OP_BIND:
        return op_bind(child, op);
    case OP_DEVICE:
        return op_device(child, op);
    case OP_SYMLINK:
        return op_symlink(child, op);
    case OP_MASK:
        return op_mask(child, op);
    case OP_READONLY:
        return op_readonly(child, op);
    case OP_SYSCTL:
        return op_sysctl(child, op);
    case OP_ROOT_READONLY:
        return op_root_readonly(child);
    case OP_ROOT_PROPAGATION:
        return op_root_propagation(child, op);
    case OP_PIVOT:
        return op_pivot(child);
    case OP_OOM_SCORE_ADJ:
        return op_oom_score_adj(op);
    case OP_RLIMIT:
        return op_rlimit(op);
    case OP_SESSION_KEYRING:
        return op_session_keyring(op);
    case OP_CONSOLE:
        return op_console(child, op);
    case OP_NO_NEW_PRIVILEGES:
        return op_no_new_privileges();
    case OP_SECCOMP:
        return op_seccomp(op);
    case OP_SECURITY_LABEL:
        return op_security_label(child, op);
    case OP_IDENTITY:
        return op_identity(child, op);
    case OP_CWD:
        return op_cwd(op);
    case OP_GATE:
        return op_gate(child, op);
    case OP_HOOK:
        return op_hook(op);
    case OP_EXEC:
        return op_exec(child, op);
    case OP_EXEC_FD:
        return op_exec_fd(child, op);
    }
    return fail_as(ENOSYS, op->layout->name);
}

static __attribute__((noreturn)) void report(struct child *child, uint16_t op, int error)
{
    struct sync_failure failure = {.type = SYNC_FAILED, .op = op, .error = (uint32_t)error};
    memcpy(failure.detail, failure_detail, sizeof failure.detail);
    /* A shim that is gone cannot be told; the exit code is all that is left. */
    (void)!write(child->sync, &failure, sizeof failure);
    /* Not _exit: under a seccomp filter that forbids even that, libc would try for ever. */
    (void)syscall(SYS_exit_group, 127);
    __builtin_trap();
}

void child_main(struct child *child)
{
    child->umask = umask(0);
    child->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (child->root < 0)
        report(child, OP_CLONE, -fail("/"));
    /* Inherited descriptors stay usable for the ops, and end at exec whatever happens in between. */
    if (sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        report(child, OP_CLONE, -fail("close_range"));
    if (setsid() < 0)
        report(child, OP_CLONE, -fail("setsid"));
    int result = open_security_label(child);
    if (result < 0)
        report(child, OP_SECURITY_LABEL, -result);
    uint32_t offset = PLAN_HEADER_BYTES;
    struct op op;
    while (plan_next(child->plan, &offset, &op)) {
        result = run(child, &op);
        if (result < 0)
            report(child, op.layout->code, -result);
    }
    report(child, OP_EXEC, ENOEXEC);
}
