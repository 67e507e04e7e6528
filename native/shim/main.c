/*
 * hako-shim: executes one plan, then watches over the process it has started. Called as docker-init it is a tiny init
 * instead. It is started with fd 3 = the plan, fd 4 = a listening unix socket, further fds as the plan names them; or, as
 * a spare, with fd 3 = a socket over which all of these come, in this order, when there is something to start.
 */
#include "failure.h"
#include "fd.h"
#include "init.h"
#include "kernel.h"
#include "root.h"
#include "shim.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct shim shim = {.epoll = -1, .signals = -1, .sync = -1, .stdin_fd = -1, .root = -1, .log = -1, .index = -1, .console = -1, .oom_file = -1};
char failure_detail[FAILURE_DETAIL_BYTES];

int fail_as(int error, const char *detail)
{
    if (detail != failure_detail)
        (void)snprintf(failure_detail, sizeof failure_detail, "%s", detail);
    errno = error;
    return -error;
}

static void prepare_state(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        shim.connections[i] = (struct connection){.fd = -1, .role = ROLE_UNKNOWN};
    for (int i = 0; i < 3; i++)
        shim.child_fds[i] = -1;
    for (int i = 0; i < 2; i++)
        shim.streams[i] = (struct stream){.fd = -1, .number = (uint8_t)(i + 1)};
}

/* Every signal is blocked: only SIGCHLD is ever looked at, nothing but the container's end ends the shim. */
static int prepare_process(void)
{
    uint64_t all = ~UINT64_C(0);
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all) < 0)
        return fail("signal mask");
    /*
     * Not dumpable, nor is the child until its exec: once it has joined a container, the container's processes can
     * see it, and must be able neither to trace it nor to open its executable or descriptors through /proc.
     */
    if (prctl(PR_SET_NAME, "hako-shim") < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return fail("prctl");
    (void)sys_close_range(PLAN_FD, ~0u, CLOSE_RANGE_CLOEXEC); /* done again, and checked, in the child */
    return 0;
}

/* Received fds are the lowest free ones, so from 4 on they already stand in their order, one too high each. */
static int take_received(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] != PLAN_FD + 1 + (int)i)
            return fail_as(EBADF, "spare");
        if (dup3(fds[i], PLAN_FD + (int)i, O_CLOEXEC) < 0)
            return fail("spare");
    }
    return close(PLAN_FD + (int)count) < 0 ? fail("spare") : 0;
}

/* Waits as a spare until the engine has something to start. 1: it never will, the engine is gone. */
static int wait_as_spare(void)
{
    struct stat st;
    if (fstat(PLAN_FD, &st) < 0)
        return fail("plan");
    if (!S_ISSOCK(st.st_mode))
        return 0;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(MAX_PLAN_FDS * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length;
    do
        length = recvmsg(PLAN_FD, &message, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return fail("spare");
    struct cmsghdr *fds = CMSG_FIRSTHDR(&message);
    if (length == 0 || !fds)
        return 1;
    if (fds->cmsg_type != SCM_RIGHTS || (message.msg_flags & MSG_CTRUNC))
        return fail_as(EBADF, "spare");
    int received[MAX_PLAN_FDS];
    size_t bytes = fds->cmsg_len - CMSG_LEN(0);
    memcpy(received, CMSG_DATA(fds), bytes);
    return take_received(received, bytes / sizeof(int));
}

/* Private and writable: netlink batches are completed in place, whatever seals the memfd has. */
static int load_plan(void)
{
    struct stat st;
    const char *why = NULL;
    if (fstat(PLAN_FD, &st) < 0 || st.st_size <= 0)
        return fail("plan");
    shim.plan_bytes = (size_t)st.st_size;
    void *bytes = mmap(NULL, shim.plan_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, PLAN_FD, 0);
    if (bytes == MAP_FAILED)
        return fail("plan");
    if (plan_verify(bytes, shim.plan_bytes, &shim.plan, &why) < 0)
        return fail_as(EINVAL, why);
    return close(PLAN_FD) < 0 ? fail("plan") : 0;
}

/* After clone, so that the container does not inherit it. Without the right to it the shim is killed like others. */
static void protect_from_oom(void)
{
    owned_fd fd = open_own_proc("/proc/self/oom_score_adj", O_WRONLY);
    if (fd >= 0)
        (void)!write(fd, "-999", 4);
}

static int start(void)
{
    int result = load_plan();
    if (result == 0)
        result = run_host_ops();
    if (result == 0)
        result = stdio_watch();
    if (result == 0 && munmap((void *)(uintptr_t)shim.plan.bytes, shim.plan_bytes) < 0)
        result = fail("plan");
    protect_from_oom();
    return result;
}

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    if (argc > 0 && strcmp(slash ? slash + 1 : argv[0], "docker-init") == 0)
        return init_main(argc, argv);
    prepare_state();
    int spare = prepare_process() < 0 ? -1 : wait_as_spare();
    if (spare > 0)
        return 0;
    if (spare < 0 || monitor_open() < 0) {
        (void)fprintf(stderr, "hako-shim: %s: %s\n", failure_detail, strerror(errno));
        return 2;
    }
    int result = start();
    if (result < 0)
        monitor_fail_start((uint32_t)-result);
    return monitor_run();
}
