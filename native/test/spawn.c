/*
 * Starts the shim as the engine does: shim-spawn SOCKET PLAN SHIM [FILE…] — the listening socket becomes fd 4, the
 * plan fd 3, each FILE (a namespace, a folder, an executable) fd 5 and up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void require(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(3);
    }
}

/* Above all the numbers that are handed on. */
static int aside(int fd)
{
    int high = fcntl(fd, F_DUPFD, 100);
    require(fd >= 0 && high >= 0, "descriptor");
    (void)close(fd);
    return high;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    require(strlen(argv[1]) < sizeof address.sun_path, "path");
    strcpy(address.sun_path, argv[1]);
    int listener = aside(socket(AF_UNIX, SOCK_STREAM, 0));
    require(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0, "listen");
    int plan = aside(open(argv[2], O_RDONLY));
    int null = aside(open("/dev/null", O_RDWR));
    int shim = aside(open(argv[3], O_RDONLY));
    int files[16], count = 0;
    for (int i = 4; i < argc && count < 16; i++)
        files[count++] = aside(open(argv[i], O_RDONLY));
    int direct = getenv("SHIM_DIRECT") != NULL;
    for (int fd = 0; fd <= 2 && !direct; fd++)
        require((fd == 2 && getenv("SHIM_STDERR")) || dup2(null, fd) == fd, "dup2");
    require(dup2(plan, 3) == 3 && dup2(listener, 4) == 4, "dup2");
    for (int i = 0; i < count; i++)
        require(dup2(files[i], 5 + i) == 5 + i, "dup2");
    require(setsid() >= 0 || getenv("SHIM_DIRECT") != NULL, "setsid");
    require(fcntl(shim, F_SETFD, FD_CLOEXEC) == 0, "cloexec");
    char name[] = "hako-shim", *const args[] = {name, NULL};
    close(plan), close(listener), close(null);
    for (int i = 0; i < count; i++)
        close(files[i]);
    fexecve(shim, args, environ);
    perror("exec");
    return 3;
}
