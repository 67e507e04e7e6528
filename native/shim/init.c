#include "init.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command leads a process group of its own, in the foreground when there is a terminal. */
static __attribute__((noreturn)) void run_command(char **command, const sigset_t *mask)
{
    if (setpgid(0, 0) < 0 && errno != EPERM)
        _exit(126);
    /* Not a terminal, or not ours: then there is no foreground to take. SIGTTOU is still blocked here. */
    (void)tcsetpgrp(STDIN_FILENO, getpid());
    if (sigprocmask(SIG_SETMASK, mask, NULL) < 0)
        _exit(126);
    execvp(command[0], command);
    int error = errno;
    (void)fprintf(stderr, "docker-init: %s: %s\n", command[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

/* Reaps all that has ended; true once the command is among it. */
static int reap(pid_t command, int *status)
{
    int found = 0, ended;
    pid_t pid;
    while ((pid = waitpid(-1, &ended, WNOHANG)) > 0)
        if (pid == command) {
            *status = ended;
            found = 1;
        }
    return found;
}

static int serve(pid_t command, const sigset_t *all)
{
    int status = 0;
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(all, &info);
        if (number < 0 && errno == EINTR)
            continue;
        if (number < 0)
            return 1;
        if (number == SIGCHLD) {
            if (reap(command, &status))
                return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            continue;
        }
        /* The terminal's job control concerns the command's group, which has it directly. */
        if (number != SIGTTIN && number != SIGTTOU)
            (void)kill(command, number); /* it may have ended meanwhile: SIGCHLD follows */
    }
}

int init_main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    sigset_t all, old;
    if (first >= argc) {
        (void)fprintf(stderr, "usage: docker-init [--] command [argument...]\n");
        return 1;
    }
    /* Faults of its own must still end it. */
    if (sigfillset(&all) < 0 || sigdelset(&all, SIGSEGV) < 0 || sigdelset(&all, SIGBUS) < 0 || sigdelset(&all, SIGILL) < 0 ||
        sigdelset(&all, SIGFPE) < 0 || sigdelset(&all, SIGABRT) < 0 || sigprocmask(SIG_SETMASK, &all, &old) < 0)
        return 1;
    pid_t command = fork();
    if (command < 0) {
        (void)fprintf(stderr, "docker-init: fork: %s\n", strerror(errno));
        return 1;
    }
    if (command == 0)
        run_command(argv + first, &old);
    return serve(command, &all);
}
