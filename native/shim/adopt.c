/* A process that another OCI runtime has made: that runtime is our child first, then what it leaves behind. */
#include "failure.h"
#include "fd.h"
#include "shim.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

int op_adopt(const struct op *op)
{
    const struct field *path = &op->fields[ADOPT_PID_FILE];
    if (path->count >= sizeof shim.pid_path)
        return fail_as(ENAMETOOLONG, text(op, ADOPT_PID_FILE));
    memcpy(shim.pid_path, path->data, (size_t)path->count + 1);
    shim.adopting = true;
    if (number(op, ADOPT_CONSOLE_FD) == 0)
        return 0;
    shim.console = (int)number(op, ADOPT_CONSOLE_FD);
    if (fcntl(shim.console, F_SETFL, O_NONBLOCK) < 0)
        return fail("console socket");
    return watch_fd(shim.console, EPOLLIN, TOKEN_CONSOLE);
}

static void console_close(void)
{
    unwatch_fd(shim.console);
    close_now(&shim.console);
}

static bool console_accept(void)
{
    int fd = accept4(shim.console, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return false;
    console_close();
    shim.console = fd;
    shim.console_accepted = true;
    return watch_fd(fd, EPOLLIN, TOKEN_CONSOLE) == 0;
}

/* First a connection, then one message with the descriptor; false when there is nothing more to be had at present. */
static bool console_step(void)
{
    if (shim.console < 0)
        return false;
    if (!shim.console_accepted)
        return console_accept();
    char name[256];
    struct iovec data = {.iov_base = name, .iov_len = sizeof name};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(shim.console, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length > 0)
        take_console(received_fd(&message));
    console_close();
    return false;
}

void console_ready(void)
{
    while (console_step())
        ;
}

/* The pid that the runtime has written; -errno. It is our child, or will be once the runtime's last process ends. */
static pid_t adopted_pid(void)
{
    owned_fd fd = open(shim.pid_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char digits[16] = {0};
    if (fd < 0 || read(fd, digits, sizeof digits - 1) <= 0)
        return fail_as(ENOENT, shim.pid_path);
    pid_t pid = (pid_t)strtol(digits, NULL, 10);
    if (pid <= 1)
        return fail_as(EINVAL, shim.pid_path);
    return kill(pid, 0) == 0 ? pid : fail_as(errno, shim.pid_path);
}

void runtime_ended(int status)
{
    shim.adopting = false;
    console_ready(); /* the terminal may have come with its last breath */
    pid_t pid = -ECHILD;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        pid = adopted_pid();
    else
        (void)snprintf(failure_detail, sizeof failure_detail, "%s %d", WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (pid > 0 && shim.state == STATE_STARTING) {
        shim.pid = pid;
        started();
        return;
    }
    shim.reaped = true;
    if (shim.state == STATE_STARTING)
        start_failed(OP_ADOPT, ECHILD);
}
