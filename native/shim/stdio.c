/* Between the process's stdin, stdout, stderr or terminal, and the log or the connections. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "shim.h"
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Hang-ups are always reported; EPOLLPRI, which never comes, keeps the connection registered for them. */
#define OUTPUT_EVENTS EPOLLPRI
#define STREAM_CHUNK_BYTES (64u << 10)
#define BUSY_PIPE_BYTES (1 << 20)
/* What a process may have left in a pipe; whoever goes on writing after it has ended is cut off there. */
#define DRAIN_MAX_BYTES (4u << 20)

static int open_null(void)
{
    owned_fd fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail("/dev/null");
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return fail_as(ENODEV, "/dev/null");
    return take_fd(&fd);
}

/* The shim's end does not block; the process's end is its own affair. */
static int open_pipe(int *ours, int *theirs, bool input)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0)
        return fail("pipe");
    *ours = pair[input ? 1 : 0];
    *theirs = pair[input ? 0 : 1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) < 0 ? fail("pipe") : 0;
}

int open_stdio(void)
{
    if (shim.stdio & (STDIO_DIRECT | STDIO_TTY))
        return 0;
    for (int i = 0; i < 2; i++) {
        int result = open_pipe(&shim.streams[i].fd, &shim.child_fds[i + 1], false);
        if (result < 0)
            return result;
    }
    if (shim.stdio & STDIO_OPEN_STDIN)
        return open_pipe(&shim.stdin_fd, &shim.child_fds[0], true);
    shim.child_fds[0] = open_null();
    return shim.child_fds[0] < 0 ? shim.child_fds[0] : 0;
}

void close_child_stdio(void)
{
    for (int i = 0; i < 3; i++)
        close_now(&shim.child_fds[i]);
}

static void arm(struct stream *stream, bool wanted)
{
    if (stream->fd < 0 || stream->armed == wanted)
        return;
    /* Taken out of the set, not masked: a hang-up would be reported all the same, and turn the loop. */
    if (!wanted)
        unwatch_fd(stream->fd);
    else if (watch_fd(stream->fd, EPOLLIN, stream == &shim.streams[0] ? TOKEN_OUT : TOKEN_ERR) < 0)
        return;
    stream->armed = wanted;
}

int stdio_watch(void)
{
    if (shim.work == NULL) {
        void *memory = mmap(NULL, sizeof *shim.work, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            return fail("memory");
        shim.work = memory;
    }
    for (int i = 0; i < 2; i++)
        arm(&shim.streams[i], true);
    return 0;
}

void work_release(void)
{
    if (!shim.work_touched || shim.pending_end || shim.stdin_end)
        return;
    shim.work_touched = madvise(shim.work, sizeof *shim.work, MADV_DONTNEED) < 0;
}

void stream_close(struct stream *stream)
{
    arm(stream, false);
    close_now(&stream->fd);
}

bool output_drained(void)
{
    return shim.streams[0].fd < 0 && shim.streams[1].fd < 0 && shim.pending_end == 0;
}

/* The OUTPUT connection takes what it can; only when it has all does the process get its pipe emptied further. */
void output_flush(void)
{
    struct connection *connection = output_connection();
    while (shim.pending_end > 0 && connection != NULL) {
        ssize_t sent = send(connection->fd, shim.work->input + shim.pending_start, shim.pending_end - shim.pending_start, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            connection_close(connection);
            connection = NULL;
            break;
        }
        shim.pending_start += (uint32_t)sent;
        if (shim.pending_start == shim.pending_end)
            shim.pending_start = shim.pending_end = 0;
    }
    if (connection == NULL)
        shim.pending_start = shim.pending_end = 0;
    bool blocked = shim.pending_end > 0;
    if (connection != NULL)
        connection_events(connection, blocked ? OUTPUT_EVENTS | EPOLLOUT : OUTPUT_EVENTS);
    for (int i = 0; i < 2; i++)
        arm(&shim.streams[i], !blocked);
    if (connection != NULL && output_drained() && shim.reaped)
        (void)shutdown(connection->fd, SHUT_WR);
}

static void pass_on(struct stream *stream, uint32_t length)
{
    uint8_t *header = shim.work->input;
    bool raw = shim.stdio & STDIO_TTY;
    memset(header, 0, FRAME_HEADER_BYTES);
    header[0] = stream->number;
    header[4] = (uint8_t)(length >> 24);
    header[5] = (uint8_t)(length >> 16);
    header[6] = (uint8_t)(length >> 8);
    header[7] = (uint8_t)length;
    shim.pending_start = raw ? FRAME_HEADER_BYTES : 0;
    shim.pending_end = FRAME_HEADER_BYTES + length;
    output_flush();
}

/* A pipe that was full when it was read belongs to a process that has much to say. */
static void grow_pipe(struct stream *stream, ssize_t length)
{
    if (stream->grown || length < (ssize_t)STREAM_CHUNK_BYTES || shim.stdio & STDIO_TTY)
        return;
    stream->grown = true;
    (void)fcntl(stream->fd, F_SETPIPE_SZ, BUSY_PIPE_BYTES); /* over the user's limit: it stays small */
}

/* Bytes that were read; 0: nothing there at present, or the end. */
static size_t stream_read(struct stream *stream)
{
    bool streaming = shim.stdio & STDIO_STREAM_OUTPUT;
    uint8_t *at = shim.work->input + (streaming ? FRAME_HEADER_BYTES : 0);
    ssize_t length = read(stream->fd, at, streaming ? STREAM_CHUNK_BYTES : READ_BYTES);
    shim.work_touched = true;
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (length <= 0) { /* EIO: the last slave of the terminal was closed */
        stream_close(stream);
        return 0;
    }
    grow_pipe(stream, length);
    if (streaming)
        pass_on(stream, (uint32_t)length);
    else
        log_append(stream, at, (size_t)length);
    return (size_t)length;
}

void stream_readable(struct stream *stream)
{
    if (stream->fd < 0 || shim.pending_end > 0)
        return;
    size_t length = stream_read(stream);
    if (shim.reaped && length == 0)
        stream_close(stream);
    if (shim.reaped && output_drained())
        output_flush();
}

/*
 * The process has ended. When it was the first of its PID namespace nobody is left to write; otherwise grandchildren
 * may hold the pipe for ever, so only what lies there now is taken.
 */
void streams_drain(void)
{
    for (int i = 0; i < 2; i++) {
        struct stream *stream = &shim.streams[i];
        for (size_t taken = 0; stream->fd >= 0 && shim.pending_end == 0 && taken < DRAIN_MAX_BYTES;) {
            size_t length = stream_read(stream);
            if (length == 0)
                break;
            taken += length;
        }
        if (stream->fd >= 0 && shim.pending_end == 0)
            stream_close(stream);
    }
    if (shim.stdio & STDIO_STREAM_OUTPUT)
        output_flush();
}

static void stdin_close(void)
{
    if (shim.stdin_armed)
        unwatch_fd(shim.stdin_fd);
    shim.stdin_armed = false;
    shim.stdin_start = shim.stdin_end = 0;
    close_now(&shim.stdin_fd);
}

static void stdin_connections(uint32_t events)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_STDIN)
            connection_events(&shim.connections[i], events);
}

void stdin_flush(void)
{
    bool was_pending = shim.stdin_end > 0;
    while (shim.stdin_end > 0 && shim.stdin_fd >= 0) {
        ssize_t written = write(shim.stdin_fd, shim.work->stdin_bytes + shim.stdin_start, shim.stdin_end - shim.stdin_start);
        if (written < 0 && errno == EAGAIN)
            break;
        if (written < 0) {
            stdin_close(); /* nobody reads it any more */
            break;
        }
        shim.stdin_start += (uint32_t)written;
        if (shim.stdin_start == shim.stdin_end)
            shim.stdin_start = shim.stdin_end = 0;
    }
    bool blocked = shim.stdin_end > 0 && shim.stdin_fd >= 0;
    if (blocked && !shim.stdin_armed)
        shim.stdin_armed = watch_fd(shim.stdin_fd, EPOLLOUT, TOKEN_STDIN) == 0;
    if (!blocked && shim.stdin_armed) {
        unwatch_fd(shim.stdin_fd);
        shim.stdin_armed = false;
    }
    if (!blocked && shim.stdin_closing)
        stdin_close();
    if (blocked)
        stdin_connections(0);
    else if (was_pending)
        stdin_connections(EPOLLIN);
}

void stdin_close_when_flushed(void)
{
    if (shim.stdio & STDIO_TTY)
        return;
    shim.stdin_closing = true;
    stdin_flush();
}

void stdin_from(struct connection *connection)
{
    if (shim.stdin_end > 0) {
        connection_events(connection, 0);
        return;
    }
    /* A terminal that the child has not made yet: its input waits in the connection. */
    if (shim.stdio & STDIO_TTY && shim.stdio & STDIO_OPEN_STDIN && shim.stdin_fd < 0 && shim.state == STATE_STARTING) {
        connection_events(connection, 0);
        return;
    }
    ssize_t length = recv(connection->fd, shim.work->stdin_bytes, STDIN_BYTES, MSG_DONTWAIT);
    shim.work_touched = true;
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        connection_close(connection);
        if (shim.stdio & STDIO_STDIN_ONCE)
            stdin_close_when_flushed();
        return;
    }
    if (shim.stdin_fd < 0 || !(shim.stdio & STDIO_OPEN_STDIN))
        return; /* closed, or nobody is to type: thrown away */
    shim.stdin_start = 0;
    shim.stdin_end = (uint32_t)length;
    stdin_flush();
}
