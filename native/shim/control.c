/* The shim's socket: frames of u16 type, u16 flags, u32 length, payload; after HELLO, raw bytes on STDIN and OUTPUT. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "shim.h"
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define HEADER_BYTES 8u

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_KILL = 16,
    FRAME_RESIZE = 17,
    FRAME_WATCH = 18,
    FRAME_CLOSE_STDIN = 19,
    FRAME_ROTATE = 20,
    FRAME_KEEP = 21,
    FRAME_ACK = 32,
    FRAME_STARTED = 33,
    FRAME_FAILED = 34,
    FRAME_EXITED = 35,
    FRAME_LOG = 36,
};

struct frame {
    uint32_t used;
    uint8_t bytes[HEADER_BYTES + FAILURE_DETAIL_BYTES + 32];
};

static void put(struct frame *frame, const void *value, size_t bytes)
{
    memcpy(frame->bytes + frame->used, value, bytes);
    frame->used += (uint32_t)bytes;
}

static void put_u32(struct frame *frame, uint32_t value)
{
    put(frame, &value, sizeof value);
}

static void put_u64(struct frame *frame, uint64_t value)
{
    put(frame, &value, sizeof value);
}

static struct frame frame_of(enum frame_type type)
{
    struct frame frame = {0};
    put_u32(&frame, type);
    put_u32(&frame, 0);
    return frame;
}

static uint32_t get_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* A client that does not take a few bytes is not listening: it may connect again. */
static bool send_frame(struct connection *connection, struct frame *frame)
{
    uint32_t payload = frame->used - HEADER_BYTES;
    memcpy(frame->bytes + 4, &payload, sizeof payload);
    if (send(connection->fd, frame->bytes, frame->used, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)frame->used)
        return true;
    connection_close(connection);
    return false;
}

void connection_close(struct connection *connection)
{
    if (connection->events)
        unwatch_fd(connection->fd);
    if (connection->role == ROLE_CONTROL)
        log_keep(false); /* who asked for it has gone */
    close_now(&connection->fd);
    if (connection->role == ROLE_CONTROL && shim.stdio & STDIO_BOUND)
        kill_child();
    *connection = (struct connection){.fd = -1, .role = ROLE_UNKNOWN};
}

void connection_events(struct connection *connection, uint32_t events)
{
    if (connection->events == events)
        return;
    if (connection->events)
        unwatch_fd(connection->fd);
    connection->events = 0;
    if (events && watch_fd(connection->fd, events, TOKEN_CONNECTION + (uint32_t)(connection - shim.connections)) == 0)
        connection->events = events;
}

/* Closing a socket with unread bytes would reset it, and the other side could lose what it was told last. */
void connections_finish(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        uint8_t scrap[4096];
        for (int reads = 0; shim.connections[i].fd >= 0 && reads < 64; reads++)
            if (recv(shim.connections[i].fd, scrap, sizeof scrap, MSG_DONTWAIT) <= 0)
                break;
        connection_close(&shim.connections[i]);
    }
}

struct connection *output_connection(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_OUTPUT)
            return &shim.connections[i];
    return NULL;
}

void connection_accept(void)
{
    owned_fd fd = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        struct connection *connection = &shim.connections[i];
        if (connection->fd >= 0)
            continue;
        *connection = (struct connection){.fd = take_fd(&fd), .role = ROLE_UNKNOWN};
        connection_events(connection, EPOLLIN);
        return;
    }
}

static bool send_started(struct connection *connection)
{
    struct frame frame = frame_of(FRAME_STARTED);
    put_u32(&frame, (uint32_t)shim.pid);
    put_u64(&frame, shim.started_ns);
    return send_frame(connection, &frame);
}

static void send_final(struct connection *connection)
{
    struct frame frame = frame_of(shim.state == STATE_FAILED ? FRAME_FAILED : FRAME_EXITED);
    if (shim.state == STATE_FAILED) {
        uint32_t length = (uint32_t)strlen(failure_detail);
        put_u32(&frame, shim.failed_op);
        put_u32(&frame, shim.failed_error);
        put_u32(&frame, length);
        put(&frame, failure_detail, (size_t)length + 1);
    } else {
        put_u32(&frame, shim.exit_code);
        put_u32(&frame, shim.exit_signal);
        put_u32(&frame, shim.oom_killed);
        put_u64(&frame, shim.finished_ns);
    }
    if (send_frame(connection, &frame))
        shim.served = true;
}

static bool send_hello(struct connection *connection)
{
    struct frame frame = frame_of(FRAME_HELLO);
    put_u32(&frame, PROTOCOL_VERSION);
    put_u32(&frame, shim.state);
    put_u32(&frame, (uint32_t)shim.pid);
    put_u64(&frame, shim.started_ns);
    put_u64(&frame, shim.log_size);
    return send_frame(connection, &frame);
}

void broadcast_started(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_CONTROL && send_started(&shim.connections[i]))
            shim.served |= (shim.stdio & STDIO_LET_GO) != 0;
}

void broadcast_final(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0 && shim.connections[i].role == ROLE_CONTROL)
            send_final(&shim.connections[i]);
}

static void tell_log_end(struct connection *connection)
{
    if (!connection->watching || shim.log_size <= connection->watch_end)
        return;
    connection->watching = false;
    struct frame frame = frame_of(FRAME_LOG);
    put_u64(&frame, shim.log_size);
    (void)send_frame(connection, &frame);
}

void notify_log(void)
{
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (shim.connections[i].fd >= 0)
            tell_log_end(&shim.connections[i]);
}

static void acknowledge(struct connection *connection, uint32_t sequence, int error)
{
    struct frame frame = frame_of(FRAME_ACK);
    put_u32(&frame, sequence);
    put_u32(&frame, (uint32_t)error);
    (void)send_frame(connection, &frame);
}

/* The shim is the parent: until it reaps, the pid cannot belong to another process. */
static int deliver_signal(int number)
{
    if (shim.reaped || shim.pid <= 0)
        return ESRCH;
    return kill(shim.pid, number) < 0 ? errno : 0;
}

static int resize(uint32_t rows, uint32_t cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    if (!(shim.stdio & STDIO_TTY))
        return ENOTTY;
    if (shim.stdin_fd < 0)
        return EAGAIN; /* the child has not made its terminal yet */
    return ioctl(shim.stdin_fd, TIOCSWINSZ, &size) < 0 ? errno : 0;
}

static void greet(struct connection *connection, uint32_t role)
{
    bool taken = role == ROLE_OUTPUT && (output_connection() != NULL || !(shim.stdio & STDIO_STREAM_OUTPUT));
    if (role >= ROLE_UNKNOWN || !send_hello(connection) || taken) {
        if (connection->fd >= 0)
            connection_close(connection);
        return;
    }
    connection->role = (enum role)role;
    shim.served |= role == ROLE_CONTROL && shim.state == STATE_RUNNING && shim.stdio & STDIO_LET_GO;
    if (role == ROLE_CONTROL && shim.state >= STATE_EXITED)
        send_final(connection);
    if (role == ROLE_OUTPUT) {
        char there = SYNC_OUTPUT;
        if (!shim.output_seen && shim.sync >= 0)
            (void)!write(shim.sync, &there, 1); /* a child that has just failed tells so itself */
        shim.output_seen = true;
        output_flush();
    }
}

static void handle_frame(struct connection *connection, uint16_t type, const uint8_t *payload, uint32_t length)
{
    if (connection->role == ROLE_UNKNOWN) {
        if (type == FRAME_HELLO && length >= 8)
            greet(connection, get_u32(payload + 4));
        else
            connection_close(connection);
        return;
    }
    if (type == FRAME_KILL && length >= 8)
        acknowledge(connection, get_u32(payload), deliver_signal((int)get_u32(payload + 4)));
    else if (type == FRAME_RESIZE && length >= 12)
        acknowledge(connection, get_u32(payload), resize(get_u32(payload + 4), get_u32(payload + 8)));
    else if (type == FRAME_CLOSE_STDIN && length >= 4) {
        stdin_close_when_flushed();
        acknowledge(connection, get_u32(payload), 0);
    } else if (type == FRAME_ROTATE && length >= 4)
        acknowledge(connection, get_u32(payload), log_rotate());
    else if (type == FRAME_KEEP && length >= 8) {
        log_keep(get_u32(payload + 4) != 0);
        acknowledge(connection, get_u32(payload), 0);
    } else if (type == FRAME_WATCH && length >= 8) {
        connection->watching = true;
        connection->watch_end = get_u64(payload);
        tell_log_end(connection);
    }
}

/* Bytes the current frame still needs: its header, then as much of the payload as anything here has a use for. */
static uint32_t wanted(const struct connection *connection)
{
    if (connection->have < HEADER_BYTES)
        return HEADER_BYTES;
    uint32_t length = get_u32(connection->input + 4), room = sizeof connection->input - HEADER_BYTES;
    return HEADER_BYTES + (length < room ? length : room);
}

/* Reads exactly what a frame needs, so that raw bytes behind a HELLO stay in the socket. */
static bool receive(struct connection *connection)
{
    uint8_t scrap[256];
    uint32_t missing = connection->skip ? connection->skip : wanted(connection) - connection->have;
    if (connection->skip && missing > sizeof scrap)
        missing = sizeof scrap;
    ssize_t length = recv(connection->fd, connection->skip ? scrap : connection->input + connection->have, missing, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length <= 0) {
        connection_close(connection);
        return false;
    }
    if (connection->skip)
        connection->skip -= (uint32_t)length;
    else
        connection->have += (uint8_t)length;
    return true;
}

static void frames_from(struct connection *connection)
{
    while (connection->fd >= 0 && (connection->role == ROLE_CONTROL || connection->role == ROLE_UNKNOWN)) {
        if (!receive(connection))
            return;
        if (connection->skip || connection->have < HEADER_BYTES || connection->have < wanted(connection))
            continue;
        uint32_t length = get_u32(connection->input + 4);
        connection->skip = length - (connection->have - HEADER_BYTES);
        uint32_t used = connection->have - HEADER_BYTES;
        connection->have = 0;
        handle_frame(connection, (uint16_t)(connection->input[0] | connection->input[1] << 8), connection->input + HEADER_BYTES, used);
    }
}

/* An OUTPUT client has nothing to say; its half-close is no farewell, its hang-up is. */
static void output_event(struct connection *connection, uint32_t events)
{
    if (events & (EPOLLHUP | EPOLLERR))
        connection_close(connection);
    output_flush();
}

void connection_ready(struct connection *connection, uint32_t events)
{
    if (connection->fd < 0)
        return;
    if (connection->role == ROLE_OUTPUT)
        output_event(connection, events);
    else if (connection->role == ROLE_STDIN)
        stdin_from(connection);
    else
        frames_from(connection);
}
