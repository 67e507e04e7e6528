/* The monitor's state. It lives as long as its container: static, small, and no heap. */
#pragma once
#include "plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#define PLAN_FD 3
#define LISTEN_FD 4
#define MAX_PLAN_FDS 16 /* the plan, the listening socket and those that the plan names */
#define PROTOCOL_VERSION 2u
#define MAX_CONNECTIONS 32
#define READ_BYTES (256u << 10)
#define FRAME_BYTES (320u << 10)
#define INDEX_ENTRIES 4096u
#define STDIN_BYTES (64u << 10)
#define FRAME_HEADER_BYTES 8u
#define EXIT_PATH_BYTES 1024

#define LOG_DISCARD 1u
#define LOG_KEEP_FROM_START 2u

enum state { STATE_STARTING, STATE_RUNNING, STATE_EXITED, STATE_FAILED };
enum role { ROLE_CONTROL, ROLE_STDIN, ROLE_OUTPUT, ROLE_UNKNOWN };
enum token { TOKEN_LISTEN, TOKEN_SIGNAL, TOKEN_SYNC, TOKEN_OUT, TOKEN_ERR, TOKEN_STDIN, TOKEN_CONSOLE, TOKEN_CONNECTION };

struct stream {
    int fd;
    uint8_t number;
    bool continues; /* its last frame had no newline */
    bool armed;
    bool grown;
};

struct connection {
    int fd;
    enum role role;
    bool watching;
    uint8_t have;    /* bytes of input */
    uint32_t skip;   /* bytes of a long payload still to be thrown away */
    uint32_t events; /* as epoll knows them; 0: not registered */
    uint64_t watch_end;
    uint8_t input[32];
};

/* Anonymous memory that is touched only while bytes flow, and given back after a second of silence. */
struct work {
    uint8_t input[READ_BYTES];
    uint8_t frames[FRAME_BYTES];
    uint8_t index[INDEX_ENTRIES * 16];
    uint8_t stdin_bytes[STDIN_BYTES];
};

struct shim {
    struct plan plan;
    size_t plan_bytes;
    enum state state;
    int epoll;
    int signals;
    int sync;
    int stdin_fd;
    int root; /* keeps the root mounted until everybody knows how the container ended */
    pid_t pid;
    uint32_t stdio;
    uint64_t clone_flags;
    int child_fds[3];
    struct stream streams[2]; /* stdout (or the terminal), stderr */
    struct connection connections[MAX_CONNECTIONS];
    struct work *work;
    bool work_touched;

    int log;
    int index;
    uint64_t log_size; /* of the whole log, files that are gone included */
    uint64_t log_base; /* where in it the present file begins */
    uint64_t log_max_bytes;
    uint32_t log_max_files;
    uint32_t log_flags;
    bool log_kept;
    uint64_t index_size;
    uint32_t frames_used;
    uint32_t index_used;

    uint32_t pending_start; /* of work->input: output on its way to the OUTPUT connection */
    uint32_t pending_end;
    uint32_t stdin_start; /* of work->stdin_bytes: input on its way to the process */
    uint32_t stdin_end;
    bool stdin_closing; /* close once what is pending has been written */
    bool stdin_armed;
    bool output_seen; /* an OUTPUT connection has been there: the process may run */
    bool host_done;
    bool ready; /* the child is about to exec */
    bool served; /* a CONTROL connection has been told the final state */

    bool adopting; /* pid is an OCI runtime, of which only the process that it leaves counts */
    bool console_accepted;
    int console; /* the socket over which that runtime sends the terminal */
    char pid_path[EXIT_PATH_BYTES];

    int oom_file;
    uint64_t oom_kills;
    char exit_path[EXIT_PATH_BYTES];
    char log_prefix[EXIT_PATH_BYTES];
    uint64_t started_ns;
    uint64_t finished_ns;
    uint32_t exit_code;
    uint32_t exit_signal;
    uint32_t oom_killed;
    bool reaped;
    uint32_t failed_op;
    uint32_t failed_error;
};

extern struct shim shim;

uint64_t now_ns(void);

/* ops_host.c: everything up to a child that has been cloned and served; -errno and shim.failed_op. */
int run_host_ops(void);
uint64_t read_oom_kills(void);

/* monitor.c */
int monitor_open(void);
int monitor_run(void);
void monitor_fail_start(uint32_t error);
int watch_fd(int fd, uint32_t events, uint32_t token);
void unwatch_fd(int fd);
void kill_child(void);
void started(void);
void start_failed(uint32_t op, uint32_t error);
struct msghdr;
int received_fd(struct msghdr *message);
void take_console(int master);

/* adopt.c */
int op_adopt(const struct op *op);
void console_ready(void);
void runtime_ended(int status);

/* stdio.c */
int open_stdio(void);
void close_child_stdio(void);
int stdio_watch(void);
void stream_readable(struct stream *stream);
void stream_close(struct stream *stream);
void streams_drain(void);
bool output_drained(void);
void output_flush(void);
void stdin_flush(void);
void stdin_from(struct connection *connection);
void stdin_close_when_flushed(void);
void work_release(void);

/* log.c */
int log_open(const char *path, const char *index_path);
void log_append(struct stream *stream, const uint8_t *data, size_t length);
int log_rotation(const struct op *op);
int log_rotate(void);
void log_keep(bool wanted);

/* control.c */
void connection_accept(void);
void connection_ready(struct connection *connection, uint32_t events);
void connection_close(struct connection *connection);
void connection_events(struct connection *connection, uint32_t events);
void connections_finish(void);
struct connection *output_connection(void);
void broadcast_started(void);
void broadcast_final(void);
void notify_log(void);
