/* Where the child waits for somebody outside, and the programs it runs for somebody else on its way. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

/* The process counts as started: from here the shim is not waited for, nor told. */
static int leave_shim(struct child *child)
{
    char ready = SYNC_READY;
    int result = find_program(child->plan);
    if (result < 0)
        return result;
    if (write(child->sync, &ready, 1) != 1)
        return fail("shim");
    close_now(&child->sync);
    return 0;
}

int op_gate(struct child *child, const struct op *op)
{
    int listener = (int)number(op, GATE_FD);
    bool last = number(op, GATE_PROGRAM) != 0;
    if (fcntl(listener, F_SETFL, 0) < 0)
        return fail("gate");
    int result = last ? leave_shim(child) : 0;
    if (result < 0)
        return result;
    owned_fd connection = -1;
    do
        connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (connection < 0 && errno == EINTR);
    char byte = SYNC_GATE;
    if (connection < 0 || send(connection, &byte, 1, MSG_NOSIGNAL) != 1 || read(connection, &byte, 1) != 1)
        return fail("gate");
    if (last)
        child->sync = take_fd(&connection);
    (void)close(listener); /* at exec at the latest */
    return 0;
}

static __attribute__((noreturn)) void run_hook(const struct op *op, int state)
{
    char **argv = string_array(&op->fields[HOOK_ARGV]), **env = string_array(&op->fields[HOOK_ENV]);
    if (argv != NULL && env != NULL && dup2(state, 0) == 0 && reset_signals() == 0)
        (void)execve(text(op, HOOK_PATH), argv, env);
    _exit(127);
}

/* SIGCHLD is blocked, as everything is: it is waited for with the time that is left. */
static int wait_hook(pid_t pid, uint64_t seconds, const char *path)
{
    sigset_t children;
    struct timespec timeout = {.tv_sec = (time_t)seconds};
    int status = 0;
    if (sigemptyset(&children) < 0 || sigaddset(&children, SIGCHLD) < 0)
        return fail("signals");
    while (seconds > 0 && waitpid(pid, &status, WNOHANG) == 0)
        if (sigtimedwait(&children, NULL, &timeout) < 0 && errno == EAGAIN) {
            (void)kill(pid, SIGKILL); /* it may just have ended */
            (void)waitpid(pid, &status, 0);
            return fail_as(ETIMEDOUT, path);
        }
    if (seconds == 0 && waitpid(pid, &status, 0) < 0)
        return fail(path);
    return status == 0 ? 0 : fail_as(WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOEXEC : ECANCELED, path);
}

int op_hook(const struct op *op)
{
    const struct field *state = &op->fields[HOOK_STATE];
    owned_fd fd = (int)syscall(SYS_memfd_create, "hook", 1u /* MFD_CLOEXEC */);
    if (fd < 0 || write(fd, state->data, state->count) != (ssize_t)state->count || lseek(fd, 0, SEEK_SET) < 0)
        return fail(text(op, HOOK_PATH));
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        run_hook(op, fd);
    return pid < 0 ? fail(text(op, HOOK_PATH)) : wait_hook((pid_t)pid, number(op, HOOK_TIMEOUT_SECONDS), text(op, HOOK_PATH));
}
