/* The loop: one epoll, no polling, no heap. It ends when the container has ended and everybody has been told. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "shim.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define IDLE_MS 1000
/* How long an ended shim waits for an engine that has not connected yet, and for an OUTPUT client to start a process. */
#define LINGER_MS 1000
#define OUTPUT_WAIT_MS 30000

uint64_t now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int watch_fd(int fd, uint32_t events, uint32_t token)
{
    struct epoll_event event = {.events = events, .data.u32 = token};
    return epoll_ctl(shim.epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? fail("epoll") : 0;
}

void unwatch_fd(int fd)
{
    (void)epoll_ctl(shim.epoll, EPOLL_CTL_DEL, fd, NULL); /* not in the set: as wished */
}

int monitor_open(void)
{
    shim.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (shim.epoll < 0)
        return fail("epoll");
    sigset_t children;
    if (sigemptyset(&children) < 0 || sigaddset(&children, SIGCHLD) < 0)
        return fail("signals");
    shim.signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (shim.signals < 0)
        return fail("signalfd");
    if (fcntl(LISTEN_FD, F_SETFL, O_NONBLOCK) < 0)
        return fail("listening socket");
    int result = watch_fd(shim.signals, EPOLLIN, TOKEN_SIGNAL);
    return result < 0 ? result : watch_fd(LISTEN_FD, EPOLLIN, TOKEN_LISTEN);
}

void kill_child(void)
{
    if (shim.pid > 0 && !shim.reaped)
        (void)kill(shim.pid, SIGKILL); /* a zombie is as good as killed */
}

void start_failed(uint32_t op, uint32_t error)
{
    kill_child();
    shim.failed_op = op;
    shim.failed_error = error;
    shim.state = STATE_FAILED;
    for (int i = 0; i < 2; i++)
        stream_close(&shim.streams[i]);
    broadcast_final();
}

void started(void)
{
    shim.state = STATE_RUNNING;
    shim.started_ns = now_ns();
    broadcast_started();
    for (int i = 0; i < MAX_CONNECTIONS; i++) /* input that came before the terminal was there */
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_STDIN && shim.connections[i].events == 0)
            connection_events(&shim.connections[i], EPOLLIN);
}

int received_fd(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (header != NULL && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

void take_console(int master)
{
    if (master < 0 || shim.streams[0].fd >= 0)
        return;
    /* Twice, so that reading and writing are watched apart. */
    shim.streams[0].fd = master;
    shim.stdin_fd = fcntl(master, F_DUPFD_CLOEXEC, 0);
    if (shim.stdin_fd < 0 || fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0 || stdio_watch() < 0)
        start_failed(OP_CONSOLE, (uint32_t)errno);
}

static void sync_ended(void)
{
    unwatch_fd(shim.sync);
    close_now(&shim.sync);
    if (shim.state != STATE_STARTING)
        return;
    if (shim.ready && shim.adopting)
        return; /* a runtime that runs has started nothing yet */
    if (shim.ready) {
        started();
        return;
    }
    if (shim.failed_error)
        return; /* a host op has failed, and says more */
    (void)fail_as(ECHILD, "the process ended while it was being prepared");
    start_failed(OP_CLONE, ECHILD);
}

/* False when there is nothing more to be read at present. */
static bool sync_receive(void)
{
    struct sync_failure bytes;
    struct iovec data = {.iov_base = &bytes, .iov_len = sizeof bytes};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(shim.sync, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    /* The child closed before it read what was sent to it; what it said itself still lies behind this error. */
    if (length < 0 && errno == ECONNRESET)
        return true;
    if (length <= 0) {
        sync_ended();
        return false;
    }
    if (bytes.type == SYNC_CONSOLE)
        take_console(received_fd(&message));
    if (bytes.type == SYNC_ROOT && shim.root < 0)
        shim.root = received_fd(&message);
    if (bytes.type == SYNC_READY)
        shim.ready = true;
    if (bytes.type == SYNC_FAILED && length == (ssize_t)sizeof bytes && shim.state == STATE_STARTING) {
        bytes.detail[sizeof bytes.detail - 1] = 0;
        (void)fail_as((int)bytes.error, bytes.detail);
        start_failed(bytes.op, bytes.error);
    }
    return true;
}

static void handle_sync(void)
{
    while (shim.sync >= 0 && sync_receive())
        ;
}

/* A host op may have failed only because the child did: its own report comes first. */
void monitor_fail_start(uint32_t error)
{
    uint32_t op = shim.failed_op;
    shim.failed_error = error;
    handle_sync();
    if (shim.state == STATE_STARTING)
        start_failed(op, error);
}

/* Temporary and rename: a reader finds all of it or nothing. */
static void write_exit_file(void)
{
    if (shim.exit_path[0] == 0)
        return;
    char temporary[EXIT_PATH_BYTES + 8], line[256];
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", shim.exit_path);
    int length = snprintf(line, sizeof line, "{\"exitCode\":%u,\"signal\":%u,\"oomKilled\":%s,\"startedNs\":\"%llu\",\"finishedNs\":\"%llu\",\"pid\":%d}\n",
                          shim.exit_code, shim.exit_signal, shim.oom_killed ? "true" : "false",
                          (unsigned long long)shim.started_ns, (unsigned long long)shim.finished_ns, (int)shim.pid);
    owned_fd fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* A disk that takes no status leaves the EXITED event as the only witness. */
    if (fd >= 0 && write(fd, line, (size_t)length) == length)
        (void)rename(temporary, shim.exit_path);
}

static void child_ended(int status)
{
    handle_sync(); /* what it said last */
    shim.reaped = true;
    if (shim.state != STATE_RUNNING)
        return;
    shim.finished_ns = now_ns();
    shim.exit_signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
    shim.exit_code = WIFSIGNALED(status) ? 128 + shim.exit_signal : (uint32_t)WEXITSTATUS(status);
    shim.oom_killed = read_oom_kills() > shim.oom_kills;
    streams_drain();
    write_exit_file();
    shim.state = STATE_EXITED;
    broadcast_final();
    close_now(&shim.root);
}

static bool let_go(void)
{
    return shim.stdio & STDIO_LET_GO && shim.state == STATE_RUNNING;
}

static void handle_signals(void)
{
    struct signalfd_siginfo info;
    while (read(shim.signals, &info, sizeof info) == (ssize_t)sizeof info)
        ;
    handle_sync();
    if (let_go())
        return; /* one that has ended already is for its next parent to reap */
    int status;
    pid_t pid;
    /* What a runtime leaves may end before it does, and before its pid is known: it stays a zombie until then. */
    while ((pid = waitpid(shim.adopting ? shim.pid : -1, &status, WNOHANG)) > 0) {
        if (pid == shim.pid && shim.adopting)
            runtime_ended(status);
        else if (pid == shim.pid)
            child_ended(status);
    }
}

static void handle_event(const struct epoll_event *event)
{
    switch (event->data.u32) {
    case TOKEN_LISTEN:
        connection_accept();
        return;
    case TOKEN_SIGNAL:
        handle_signals();
        return;
    case TOKEN_SYNC:
        handle_sync();
        return;
    case TOKEN_OUT:
    case TOKEN_ERR:
        stream_readable(&shim.streams[event->data.u32 - TOKEN_OUT]);
        return;
    case TOKEN_STDIN:
        stdin_flush();
        return;
    case TOKEN_CONSOLE:
        console_ready();
        return;
    default:
        connection_ready(&shim.connections[event->data.u32 - TOKEN_CONNECTION], event->events);
    }
}

static bool greeting_outstanding(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_UNKNOWN)
            return true;
    return false;
}

/* Ended, reaped, and nothing left to tell. */
static bool finished(void)
{
    if (let_go())
        return shim.served && !greeting_outstanding();
    if (shim.state < STATE_EXITED || (shim.pid > 0 && !shim.reaped))
        return false;
    if (shim.stdio & STDIO_STREAM_OUTPUT && shim.state == STATE_EXITED && !output_drained())
        return false;
    return shim.served && !greeting_outstanding();
}

static int timeout_ms(void)
{
    if (finished())
        return 0; /* one last look at the listening socket */
    if (let_go() || (shim.state >= STATE_EXITED && output_drained()))
        return LINGER_MS;
    if (shim.state == STATE_STARTING && shim.stdio & STDIO_STREAM_OUTPUT && !shim.output_seen)
        return OUTPUT_WAIT_MS;
    return shim.work_touched ? IDLE_MS : -1;
}

/* Nothing happened for the whole timeout; false: the shim has done its duty. */
static bool idle(void)
{
    if (let_go() || (shim.state >= STATE_EXITED && output_drained() && (shim.pid <= 0 || shim.reaped)))
        return false;
    if (shim.state == STATE_STARTING && shim.stdio & STDIO_STREAM_OUTPUT && !shim.output_seen) {
        (void)fail_as(ETIMEDOUT, "nobody took the output");
        start_failed(OP_STDIO, ETIMEDOUT);
        return true;
    }
    work_release();
    return true;
}

int monitor_run(void)
{
    struct epoll_event events[16];
    for (;;) {
        int count = epoll_wait(shim.epoll, events, 16, timeout_ms());
        if (count < 0 && errno != EINTR)
            return 1;
        if (count == 0 && !idle()) {
            connections_finish();
            return shim.state == STATE_FAILED ? 1 : 0;
        }
        for (int i = 0; i < count; i++)
            handle_event(&events[i]);
    }
}
