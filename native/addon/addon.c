/* System calls for TypeScript. Every function returns what the kernel returns, a failure as -errno; nothing here knows containers. */
#include "spawn.h"

#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSCALL_ARGUMENTS 6
#define ARENA_BYTES 8192
#define MAX_FDS 64
#define MAX_STRINGS 65536

static napi_value number(napi_env env, int64_t value) {
    napi_value result = NULL;
    napi_create_int64(env, value, &result);
    return result;
}

static napi_value fail(napi_env env, const char *message) {
    napi_throw_type_error(env, NULL, message);
    return NULL;
}

/* Strings of one call: short ones in the arena, long ones on the heap. */
struct strings {
    size_t used;
    size_t heap_count;
    char *heap[SYSCALL_ARGUMENTS];
    char arena[ARENA_BYTES];
};

static void free_strings(struct strings *strings) {
    for (size_t i = 0; i < strings->heap_count; i++)
        free(strings->heap[i]);
}

/* 0, or a negative errno: EINVAL for a NUL inside, which the kernel would silently cut at. */
static int take_string(napi_env env, napi_value value, struct strings *strings, long *ret_pointer) {
    char *text = strings->arena + strings->used;
    size_t room = ARENA_BYTES - strings->used;
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
        return -EINVAL;
    if (length + 1 > room) {
        text = malloc(length + 1);
        if (text == NULL)
            return -ENOMEM;
        strings->heap[strings->heap_count++] = text;
        room = length + 1;
    } else {
        strings->used += length + 1;
    }
    if (napi_get_value_string_utf8(env, value, text, room, &length) != napi_ok || strlen(text) != length)
        return -EINVAL;
    *ret_pointer = (long)(uintptr_t)text;
    return 0;
}

static bool take_bytes(napi_env env, napi_value value, void **ret_data, size_t *ret_length) {
    bool is = false;
    napi_typedarray_type type;
    if (napi_is_typedarray(env, value, &is) != napi_ok || !is)
        return false;
    if (napi_get_typedarray_info(env, value, &type, ret_length, ret_data, NULL, NULL) != napi_ok)
        return false;
    return type == napi_uint8_array;
}

/* 0, a negative errno for a bad string, 1 for a type that fits no register. */
static int take_argument(napi_env env, napi_value value, struct strings *strings, long *ret) {
    napi_valuetype type;
    int64_t integer = 0;
    bool lossless;
    void *data = NULL;
    size_t length;
    if (napi_typeof(env, value, &type) != napi_ok)
        return 1;
    switch (type) {
    case napi_number:
        if (napi_get_value_int64(env, value, &integer) != napi_ok)
            return 1;
        *ret = (long)integer;
        return 0;
    case napi_bigint: {
        uint64_t word = 0;
        /* The value modulo 2^64: -1n and 0xffffffffffffffffn are the same register. */
        if (napi_get_value_bigint_uint64(env, value, &word, &lossless) != napi_ok)
            return 1;
        *ret = (long)word;
        return 0;
    }
    case napi_string:
        return take_string(env, value, strings, ret);
    case napi_null:
    case napi_undefined:
        *ret = 0;
        return 0;
    default:
        if (!take_bytes(env, value, &data, &length))
            return 1;
        *ret = (long)(uintptr_t)data;
        return 0;
    }
}

static napi_value js_syscall(napi_env env, napi_callback_info info) {
    napi_value values[1 + SYSCALL_ARGUMENTS];
    size_t count = 1 + SYSCALL_ARGUMENTS;
    long registers[1 + SYSCALL_ARGUMENTS] = {0};
    struct strings strings;
    strings.used = strings.heap_count = 0;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 1 || count > 1 + SYSCALL_ARGUMENTS)
        return fail(env, "syscall: a number and at most six arguments");
    for (size_t i = 0; i < count; i++) {
        int taken = take_argument(env, values[i], &strings, &registers[i]);
        if (taken != 0) {
            free_strings(&strings);
            return taken < 0 ? number(env, taken) : fail(env, "syscall: an argument is a number, bigint, Uint8Array, string or null");
        }
    }
    long result = syscall(registers[0], registers[1], registers[2], registers[3], registers[4], registers[5], registers[6]);
    if (result == -1)
        result = -errno;
    free_strings(&strings);
    return number(env, result);
}

static napi_value js_address(napi_env env, napi_callback_info info) {
    napi_value value, result = NULL;
    size_t count = 1, length;
    void *data;
    if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count != 1 || !take_bytes(env, value, &data, &length))
        return fail(env, "address: a Uint8Array");
    napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)data, &result);
    return result;
}

/* An array of numbers as fds; -1 when it is none or too long. */
static ssize_t take_fds(napi_env env, napi_value array, int *fds, uint32_t max) {
    uint32_t length = 0;
    if (napi_get_array_length(env, array, &length) != napi_ok || length > max)
        return -1;
    for (uint32_t i = 0; i < length; i++) {
        napi_value item;
        if (napi_get_element(env, array, i, &item) != napi_ok || napi_get_value_int32(env, item, &fds[i]) != napi_ok)
            return -1;
    }
    return length;
}

static void free_vector(char **vector) {
    for (size_t i = 0; vector != NULL && vector[i] != NULL; i++)
        free(vector[i]);
    free(vector);
}

static char **take_vector(napi_env env, napi_value array) {
    uint32_t length = 0;
    if (napi_get_array_length(env, array, &length) != napi_ok || length > MAX_STRINGS)
        return NULL;
    char **vector = calloc(length + 1, sizeof *vector);
    for (uint32_t i = 0; vector != NULL && i < length; i++) {
        napi_value item;
        size_t bytes = 0;
        if (napi_get_element(env, array, i, &item) != napi_ok || napi_get_value_string_utf8(env, item, NULL, 0, &bytes) != napi_ok ||
            (vector[i] = malloc(bytes + 1)) == NULL || napi_get_value_string_utf8(env, item, vector[i], bytes + 1, &bytes) != napi_ok ||
            strlen(vector[i]) != bytes) {
            free_vector(vector);
            return NULL;
        }
    }
    return vector;
}

static napi_value js_spawn(napi_env env, napi_callback_info info) {
    napi_value values[5];
    size_t count = 5;
    int fds[MAX_FDS];
    struct spawn_request request = {.fds = fds};
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count != 5 ||
        napi_get_value_int32(env, values[0], &request.exe_fd) != napi_ok || napi_get_value_bool(env, values[4], &request.new_session) != napi_ok)
        return fail(env, "spawn: exeFd, argv, env, fds, setsid");
    ssize_t fd_count = take_fds(env, values[3], fds, MAX_FDS);
    if (fd_count < 0)
        return fail(env, "spawn: fds is an array of at most 64 numbers");
    request.fd_count = (size_t)fd_count;
    request.argv = take_vector(env, values[1]);
    request.env = take_vector(env, values[2]);
    pid_t pid = request.argv == NULL || request.env == NULL ? -EINVAL : spawn_program(&request);
    free_vector(request.argv);
    free_vector(request.env);
    return number(env, pid);
}

static napi_value js_send_fds(napi_env env, napi_callback_info info) {
    napi_value values[3];
    size_t count = 3;
    int socket, fds[MAX_FDS];
    struct iovec data;
    ssize_t fd_count;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count != 3 || napi_get_value_int32(env, values[0], &socket) != napi_ok ||
        !take_bytes(env, values[1], &data.iov_base, &data.iov_len) || (fd_count = take_fds(env, values[2], fds, MAX_FDS)) < 0)
        return fail(env, "sendFds: socket, bytes, fds");
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof fds)];
    } control = {0};
    size_t fd_bytes = (size_t)fd_count * sizeof(int);
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_bytes);
        control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(fd_bytes)};
        memcpy(CMSG_DATA(&control.header), fds, fd_bytes);
    }
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    return number(env, sent < 0 ? -errno : sent);
}

/* Fills the buffer; returns [bytes or -errno, fd, fd …]. */
static napi_value js_recv_fds(napi_env env, napi_callback_info info) {
    napi_value values[2], result = NULL;
    size_t count = 2;
    int socket;
    struct iovec data;
    if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count != 2 || napi_get_value_int32(env, values[0], &socket) != napi_ok ||
        !take_bytes(env, values[1], &data.iov_base, &data.iov_len))
        return fail(env, "recvFds: socket, bytes");
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    uint32_t index = 0;
    napi_create_array(env, &result);
    napi_set_element(env, result, index++, number(env, received < 0 ? -errno : received));
    if (received < 0)
        return result;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t offset = 0; CMSG_LEN(offset) < header->cmsg_len; offset += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + offset, sizeof fd);
            napi_set_element(env, result, index++, number(env, fd));
        }
    }
    return result;
}

NAPI_MODULE_INIT() {
    const napi_property_descriptor functions[] = {
        {"syscall", NULL, js_syscall, NULL, NULL, NULL, napi_default, NULL},
        {"address", NULL, js_address, NULL, NULL, NULL, napi_default, NULL},
        {"spawn", NULL, js_spawn, NULL, NULL, NULL, napi_default, NULL},
        {"sendFds", NULL, js_send_fds, NULL, NULL, NULL, napi_default, NULL},
        {"recvFds", NULL, js_recv_fds, NULL, NULL, NULL, napi_default, NULL},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
