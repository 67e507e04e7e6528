/* The cloned process: from clone to exec. */
#pragma once
#include "plan.h"
#include <stdbool.h>
#include <sys/types.h>

enum stdio_flag { STDIO_TTY = 1, STDIO_OPEN_STDIN = 2, STDIO_STDIN_ONCE = 4, STDIO_STREAM_OUTPUT = 8, STDIO_DIRECT = 16, STDIO_LET_GO = 32, STDIO_BOUND = 64 };

/* Between shim and child, over a SEQPACKET socket that exec closes. */
enum sync_message {
    SYNC_CONSOLE = 'C', /* child: here is the pty master */
    SYNC_ROOT = 'M',    /* child: here is the root mount */
    SYNC_READY = 'R',   /* child: about to exec; end of file after it means success */
    SYNC_FAILED = 'F',  /* child: struct sync_failure */
    SYNC_HOST = 'H',    /* shim: all host ops succeeded */
    SYNC_GATE = 'G',    /* child: it has come to the gate, and waits for a byte */
    SYNC_OUTPUT = 'O',  /* shim: somebody takes the output */
};

struct sync_failure {
    uint8_t type;
    uint8_t zero[3];
    uint32_t op;
    uint32_t error;
    char detail[512];
};

/* More shared binds than anyone has. */
#define HELD_MAX 64u

struct held {
    const char *source;
    int tree;
};

struct child {
    const struct plan *plan;
    int sync;
    int root;  /* O_PATH: what paths are resolved in */
    int null;  /* the host's /dev/null, opened in this mount namespace */
    int empty; /* a read-only empty tmpfs, cloned over each masked folder */
    int label; /* /proc/self/attr/<attribute> */
    uint32_t stdio;
    uint32_t rows;
    uint32_t cols;
    mode_t umask;
    bool host_done;
    bool output_there;
    struct held held[HELD_MAX];
    uint32_t held_count;
};

__attribute__((noreturn)) void child_main(struct child *child);
int send_fd(int socket, enum sync_message type, int fd);

/* ops_root.c */
int op_propagation(const struct op *op);
int op_overlay_root(struct child *child, const struct op *op);
int op_bind_root(struct child *child, const struct op *op);
int op_root_readonly(struct child *child);
int op_root_propagation(struct child *child, const struct op *op);
int op_pivot(struct child *child);

/* ops_hold.c */
int op_hold_tree(struct child *child, const struct op *op);
/* The tree that was opened for source, which is then the caller's. */
int take_held(struct child *child, const char *source);

/* ops_mount.c */
/* One fsconfig setting; a flag when value is NULL. */
int configure(int fd, const char *key, const char *value);
int op_directory(struct child *child, const struct op *op);
int op_mount(struct child *child, const struct op *op);
int op_bind(struct child *child, const struct op *op);
int op_device(struct child *child, const struct op *op);
int op_symlink(struct child *child, const struct op *op);
int op_mask(struct child *child, const struct op *op);
int op_readonly(struct child *child, const struct op *op);

/* ops_process.c */
int op_join_cgroups(const struct op *op);
int op_join_namespaces(struct child *child, const struct op *op);
int op_netlink_inside(const struct op *op);
int op_hostname(const struct op *op);
int op_sysctl(struct child *child, const struct op *op);
int op_oom_score_adj(const struct op *op);
int op_rlimit(const struct op *op);
int op_session_keyring(const struct op *op);
int op_no_new_privileges(void);
int op_seccomp(const struct op *op);
int open_security_label(struct child *child);
int op_security_label(struct child *child, const struct op *op);
int op_identity(struct child *child, const struct op *op);
int op_cwd(const struct op *op);

/* ops_exec.c */
int op_wait_host(struct child *child);
int op_exec(struct child *child, const struct op *op);
int op_exec_fd(struct child *child, const struct op *op);
/* Fails as `exec` would where its program cannot be found. */
int find_program(const struct plan *plan);
char **string_array(const struct field *strings);
int reset_signals(void);

/* ops_gate.c */
int op_gate(struct child *child, const struct op *op);
int op_hook(const struct op *op);

/* console.c */
int op_console(struct child *child, const struct op *op);
