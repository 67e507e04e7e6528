/* What the child does to itself: namespaces, limits, credentials. */
#include "child.h"
#include "failure.h"
#include "fd.h"
#include "kernel.h"
#include "netlink.h"
#include "root.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MAX_GROUPS 65536u

static int write_whole(int fd, const char *value, size_t length, const char *path)
{
    ssize_t written = write(fd, value, length);
    if (written < 0)
        return fail(path);
    return (size_t)written == length ? 0 : fail_as(EIO, path);
}

int op_join_cgroups(const struct op *op)
{
    const uint8_t *cursor = op->fields[JOIN_CGROUPS_TASKS_FILES].data;
    for (uint32_t i = 0; i < op->fields[JOIN_CGROUPS_TASKS_FILES].count; i++) {
        const char *path = next_string(&cursor);
        owned_fd fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return fail(path);
        int result = write_whole(fd, "0", 1, path);
        if (result < 0)
            return result;
    }
    return 0;
}

int op_join_namespaces(struct child *child, const struct op *op)
{
    uint64_t flags = number(op, JOIN_NAMESPACES_FLAGS);
    if (sys_setns((int)number(op, JOIN_NAMESPACES_FD), flags) < 0)
        return fail("setns");
    if (!(flags & CLONE_NEWNS))
        return 0;
    close_now(&child->root);
    child->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return child->root < 0 ? fail("/") : 0;
}

int op_netlink_inside(const struct op *op)
{
    const struct field *messages = &op->fields[NETLINK_INSIDE_MESSAGES];
    /* The plan is a private writable mapping: sequence numbers and flags are set in place. */
    return netlink_run((uint8_t *)(uintptr_t)messages->data, messages->count);
}

int op_hostname(const struct op *op)
{
    const struct field *host = &op->fields[HOSTNAME_HOSTNAME], *domain = &op->fields[HOSTNAME_DOMAINNAME];
    if (host->count > 0 && sethostname((const char *)host->data, host->count) < 0)
        return fail(text(op, HOSTNAME_HOSTNAME));
    if (domain->count > 0 && setdomainname((const char *)domain->data, domain->count) < 0)
        return fail(text(op, HOSTNAME_DOMAINNAME));
    return 0;
}

/* The value must land on the kernel's own procfs, whatever has been mounted or linked in its place. */
int op_sysctl(struct child *child, const struct op *op)
{
    const char *path = text(op, SYSCTL_PATH);
    const char *name = strncmp(path, "/proc/sys/", 10) == 0 ? path + 10 : path;
    owned_fd folder = root_open_kernel(child->root, "/proc/sys");
    if (folder < 0)
        return folder;
    owned_fd fd = sys_openat2(folder, name, O_WRONLY | O_NOCTTY, 0,
                              RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (fd < 0)
        return fail(path);
    return write_whole(fd, text(op, SYSCTL_VALUE), op->fields[SYSCTL_VALUE].count, path);
}

int op_oom_score_adj(const struct op *op)
{
    owned_fd fd = open_own_proc("/proc/self/oom_score_adj", O_WRONLY);
    if (fd < 0)
        return fd;
    char value[24];
    int length = snprintf(value, sizeof value, "%d", (int)(int64_t)number(op, OOM_SCORE_ADJ_VALUE));
    return write_whole(fd, value, (size_t)length, "/proc/self/oom_score_adj");
}

int op_rlimit(const struct op *op)
{
    uint64_t limit[2] = {number(op, RLIMIT_SOFT), number(op, RLIMIT_HARD)};
    if (syscall(SYS_prlimit64, 0, (int)number(op, RLIMIT_RESOURCE), limit, NULL) < 0) {
        char type[16];
        (void)snprintf(type, sizeof type, "type %u", (unsigned)number(op, RLIMIT_RESOURCE));
        return fail(type);
    }
    return 0;
}

int op_session_keyring(const struct op *op)
{
    const char *name = text(op, SESSION_KEYRING_NAME);
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, *name ? name : NULL) < 0 && errno != ENOSYS)
        return fail(name);
    return 0;
}

int op_no_new_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail("PR_SET_NO_NEW_PRIVS") : 0;
}

int op_seccomp(const struct op *op)
{
    const struct field *program = &op->fields[SECCOMP_PROGRAM];
    size_t count = program->count / sizeof(struct sock_filter);
    if (program->count % sizeof(struct sock_filter) != 0 || count == 0 || count > BPF_MAXINSNS)
        return fail_as(EINVAL, "seccomp program");
    /* The kernel copies the program, from any alignment. */
    struct sock_fprog filter = {.len = (unsigned short)count, .filter = (void *)(uintptr_t)program->data};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)number(op, SECCOMP_FLAGS), &filter) < 0)
        return fail("seccomp program");
    return 0;
}

int open_security_label(struct child *child)
{
    struct op op;
    if (!plan_find(child->plan, OP_SECURITY_LABEL, &op))
        return 0;
    const char *attribute = text(&op, SECURITY_LABEL_ATTRIBUTE);
    char path[96];
    int length = snprintf(path, sizeof path, "/proc/self/attr/%s", attribute);
    if (length < 0 || (size_t)length >= sizeof path || strstr(attribute, "..") != NULL)
        return fail_as(EINVAL, attribute);
    child->label = open_own_proc(path, O_WRONLY);
    return child->label < 0 ? child->label : 0;
}

int op_security_label(struct child *child, const struct op *op)
{
    return write_whole(child->label, text(op, SECURITY_LABEL_LABEL), op->fields[SECURITY_LABEL_LABEL].count, text(op, SECURITY_LABEL_ATTRIBUTE));
}

static int drop_bounding(uint64_t keep)
{
    for (unsigned capability = 0; capability < 64; capability++) {
        int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (has < 0 && errno == EINVAL)
            return 0; /* past the last one this kernel knows */
        if (has < 0 || (has && !(keep >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0))
            return fail("bounding set");
    }
    return 0;
}

/* An engine that itself lacks a capability (in a container, say) gives what it has: never more than was asked. */
static int own_capabilities(uint64_t *permitted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0)
        return fail("capget");
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return 0;
}

static int set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(effective >> 32 * i);
        data[i].permitted = (uint32_t)(permitted >> 32 * i);
        data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
    }
    return syscall(SYS_capset, &header, data) < 0 ? fail("capset") : 0;
}

static int raise_ambient(uint64_t ambient)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return fail("ambient set");
    for (unsigned capability = 0; capability < 64; capability++)
        if (ambient >> capability & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return fail("ambient set");
    return 0;
}

static int op_capabilities(const struct op *op)
{
    uint64_t own = 0;
    int result = own_capabilities(&own);
    if (result == 0)
        result = set_capabilities(own & number(op, IDENTITY_EFFECTIVE), own & number(op, IDENTITY_PERMITTED), own & number(op, IDENTITY_INHERITABLE));
    return result < 0 ? result : raise_ambient(own & number(op, IDENTITY_AMBIENT));
}

/* /dev/stdout and its kin are opened anew by many images: the user must own the pipe or terminal behind them. */
static int own_stdio(uid_t uid)
{
    for (int fd = 0; fd <= 2; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0)
            return fail("stdio");
        bool null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
        if (null || st.st_uid == uid)
            continue;
        if (fchown(fd, uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
            return fail("stdio");
    }
    return 0;
}

static int set_groups(const struct field *groups)
{
    if (groups->count > MAX_GROUPS)
        return fail_as(EINVAL, "groups");
    gid_t list[groups->count + 1];
    for (uint32_t i = 0; i < groups->count; i++)
        list[i] = u32_at(groups, i);
    return syscall(SYS_setgroups, (size_t)groups->count, list) < 0 ? fail("setgroups") : 0;
}

int op_identity(struct child *child, const struct op *op)
{
    uid_t uid = (uid_t)number(op, IDENTITY_UID);
    gid_t gid = (gid_t)number(op, IDENTITY_GID);
    /* A helper's are the engine's own, or files; a process that is let go of has its caller's pipes. */
    bool inherited = (child->stdio & (STDIO_DIRECT | STDIO_LET_GO)) == STDIO_DIRECT;
    int result = inherited ? 0 : own_stdio(uid);
    if (result == 0)
        result = drop_bounding(number(op, IDENTITY_BOUNDING));
    if (result < 0)
        return result;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return fail("PR_SET_KEEPCAPS");
    result = set_groups(&op->fields[IDENTITY_GROUPS]);
    if (result < 0)
        return result;
    if (syscall(SYS_setresgid, gid, gid, gid) < 0)
        return fail("setresgid");
    if (syscall(SYS_setresuid, uid, uid, uid) < 0)
        return fail("setresuid");
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        return fail("PR_SET_KEEPCAPS");
    child->umask = (mode_t)number(op, IDENTITY_UMASK);
    return op_capabilities(op);
}

/* A working directory that getcwd cannot name lies outside the root (CVE-2024-21626). */
int op_cwd(const struct op *op)
{
    const char *path = text(op, CWD_PATH);
    char where[4096];
    if (chdir(path) < 0)
        return fail(path);
    if (syscall(SYS_getcwd, where, sizeof where) < 0)
        return fail(path);
    return where[0] == '/' ? 0 : fail_as(EXDEV, path);
}
