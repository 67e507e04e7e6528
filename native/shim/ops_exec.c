/* The last step: file descriptors, signals, umask, execve. */
#include "child.h"
#include "failure.h"
#include "kernel.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

char **string_array(const struct field *strings)
{
    size_t bytes = ((size_t)strings->count + 1) * sizeof(char *);
    char **array = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (array == MAP_FAILED)
        return NULL;
    const uint8_t *cursor = strings->data;
    for (uint32_t i = 0; i < strings->count; i++)
        array[i] = (char *)(uintptr_t)next_string(&cursor);
    return array;
}

int reset_signals(void)
{
    /* SIGKILL, SIGSTOP and libc's own refuse: a disposition that cannot be changed is the default one. */
    for (int signal_number = 1; signal_number < 65; signal_number++)
        (void)signal(signal_number, SIG_DFL);
    uint64_t none = 0;
    return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none) < 0 ? fail("signal mask") : 0;
}

static int wait_for(struct child *child, enum sync_message wanted)
{
    bool *seen = wanted == SYNC_HOST ? &child->host_done : &child->output_there;
    while (!*seen) {
        char message;
        ssize_t length = read(child->sync, &message, 1);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            _exit(1); /* the shim is gone: nobody is left to tell */
        child->host_done |= message == SYNC_HOST;
        child->output_there |= message == SYNC_OUTPUT;
    }
    return 0;
}

int op_wait_host(struct child *child)
{
    return wait_for(child, SYNC_HOST);
}

static int prepare_exec(struct child *child)
{
    if (child->stdio & STDIO_STREAM_OUTPUT)
        (void)wait_for(child, SYNC_OUTPUT);
    char ready = SYNC_READY;
    if (write(child->sync, &ready, 1) != 1)
        return fail("shim");
    /* Done already at the start of the child: a seccomp filter that does not know close_range loses nothing. */
    if (sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0 && errno != EPERM && errno != ENOSYS)
        return fail("close_range");
    umask(child->umask);
    return reset_signals();
}

static const char *search_path(const struct field *env)
{
    const uint8_t *cursor = env->data;
    for (uint32_t i = 0; i < env->count; i++) {
        const char *variable = next_string(&cursor);
        if (strncmp(variable, "PATH=", 5) == 0)
            return variable + 5;
    }
    return DEFAULT_PATH;
}

/* What execve's errno leaves open: a folder, or a file whose interpreter is missing. */
static int exec_failure(const char *path, int error)
{
    char detail[FAILURE_DETAIL_BYTES];
    struct stat st;
    if (stat(path, &st) < 0 || (error != ENOENT && error != EACCES))
        return fail_as(error, path);
    if (error == EACCES)
        return fail_as(S_ISDIR(st.st_mode) ? EISDIR : EACCES, path);
    (void)snprintf(detail, sizeof detail, "interpreter of %s", path);
    return fail_as(error, detail);
}

/* execve, or, without env, only whether it would find a program: 0. */
static int try_program(const char *path, char **argv, char **env)
{
    struct stat st;
    if (env != NULL)
        execve(path, argv, env);
    else if (access(path, X_OK) == 0 && stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        errno = EACCES;
    }
    return -errno;
}

/* Folders of PATH that are empty or relative are skipped: the working directory is not searched. */
static int try_path(const char *path, char **argv, char **env)
{
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, ":");
        char candidate[PATH_MAX];
        if (*at == '/' && length + strlen(argv[0]) + 2 <= sizeof candidate) {
            (void)snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, at, argv[0]);
            int error = -try_program(candidate, argv, env);
            bool passed_over = error == ENOTDIR || error == EACCES || error == ELOOP || (error == ENOENT && access(candidate, X_OK) < 0);
            if (!passed_over)
                return error ? exec_failure(candidate, error) : 0;
        }
        at += length;
        at += *at == ':';
    }
    return fail_as(ENOENT, argv[0]);
}

static int exec_program(const struct op *op, char **argv, char **env)
{
    if (strchr(argv[0], '/') == NULL)
        return try_path(search_path(&op->fields[EXEC_ENV]), argv, env);
    int result = try_program(argv[0], argv, env);
    return result < 0 ? exec_failure(argv[0], -result) : 0;
}

int find_program(const struct plan *plan)
{
    struct op op;
    char **argv = plan_find(plan, OP_EXEC, &op) ? string_array(&op.fields[EXEC_ARGV]) : NULL;
    return argv != NULL && argv[0] != NULL ? exec_program(&op, argv, NULL) : fail_as(ENOENT, "");
}

int op_exec(struct child *child, const struct op *op)
{
    char **argv = string_array(&op->fields[EXEC_ARGV]), **env = string_array(&op->fields[EXEC_ENV]);
    if (argv == NULL || env == NULL)
        return fail("arguments");
    if (argv[0] == NULL || *argv[0] == 0)
        return fail_as(ENOENT, "");
    int result = prepare_exec(child);
    return result < 0 ? result : exec_program(op, argv, env);
}

int op_exec_fd(struct child *child, const struct op *op)
{
    char **argv = string_array(&op->fields[EXEC_FD_ARGV]), **env = string_array(&op->fields[EXEC_FD_ENV]);
    if (argv == NULL || env == NULL)
        return fail("arguments");
    if (argv[0] == NULL)
        return fail_as(EINVAL, "arguments");
    int result = prepare_exec(child);
    if (result < 0)
        return result;
    (void)syscall(SYS_execveat, (int)number(op, EXEC_FD_FD), "", argv, env, AT_EMPTY_PATH);
    return fail(argv[0]);
}
