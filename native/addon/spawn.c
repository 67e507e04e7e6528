#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_STACK_BYTES (64 * 1024)
#define KERNEL_SIGNALS 64

struct child {
    const struct spawn_request *request;
    int *moved; /* room for fd_count numbers */
    int error;  /* written by the child, which shares this memory until it execs */
};

/* Raw: glibc hides two signals from sigaction and sigfillset that a child must not inherit either. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

static void reset_signals(void) {
    struct kernel_sigaction plain = {.handler = SIG_DFL};
    for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
        syscall(SYS_rt_sigaction, signal, &plain, NULL, sizeof plain.mask);
    unsigned long none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

/* Two passes: a source may stand where a target belongs, so all are first moved above the targets. */
static int place_fds(const struct child *child, int *exe_fd) {
    const struct spawn_request *request = child->request;
    int above = (int)request->fd_count;
    *exe_fd = fcntl(request->exe_fd, F_DUPFD_CLOEXEC, above);
    if (*exe_fd < 0)
        return -errno;
    for (size_t i = 0; i < request->fd_count; i++) {
        child->moved[i] = fcntl(request->fds[i], F_DUPFD_CLOEXEC, above);
        if (child->moved[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < request->fd_count; i++)
        if (dup2(child->moved[i], (int)i) < 0)
            return -errno;
    if (syscall(SYS_close_range, above, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int child_main(void *argument) {
    struct child *child = argument;
    const struct spawn_request *request = child->request;
    int exe_fd;
    /* The handlers are the child's own copy, memory is the parent's: no handler may run here before the reset. */
    if (request->new_session)
        setsid();
    child->error = -place_fds(child, &exe_fd);
    if (child->error)
        _exit(127);
    reset_signals();
    syscall(SYS_execveat, exe_fd, "", request->argv, request->env, AT_EMPTY_PATH);
    child->error = errno;
    _exit(127);
}

pid_t spawn_program(const struct spawn_request *request) {
    int moved[request->fd_count + 1];
    struct child child = {.request = request, .moved = moved};
    void *stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -errno;

    unsigned long all = ~0UL, before;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    pid_t pid = clone(child_main, (char *)stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
    int clone_error = errno;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    munmap(stack, CHILD_STACK_BYTES);

    if (pid < 0)
        return -clone_error;
    if (child.error) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return -child.error;
    }
    return pid;
}
