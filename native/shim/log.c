/*
 * The frame log: Docker's stream frames one after another in one or more files, each with an index of 16 bytes per frame,
 * {u64 offset, u64 time in ns, top bit: the frame continues the stream's last one}. Every index entry points at a
 * whole frame: frames are written first, and a batch that could not be written is cut off again.
 */
#include "failure.h"
#include "fd.h"
#include "shim.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FRAME_PAYLOAD (16u << 10)
#define CONTINUED (UINT64_C(1) << 63)
#define MAX_OLDER_FILES 1000u
#define LOG_PATH_BYTES (EXIT_PATH_BYTES + 32)

/* Where the files before the present one begin, oldest first. Touched only by a log that rotates. */
static uint64_t older[MAX_OLDER_FILES];
static uint32_t older_count;

static void store_u32_be(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void store_entry(uint8_t *at, uint64_t offset, uint64_t time)
{
    memcpy(at, &offset, 8);
    memcpy(at + 8, &time, 8);
}

static bool write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

static void log_flush(void)
{
    if (shim.frames_used == 0)
        return;
    size_t index_bytes = (size_t)shim.index_used * 16;
    bool written = write_all(shim.log, shim.work->frames, shim.frames_used) && write_all(shim.index, shim.work->index, index_bytes);
    if (written) {
        shim.log_size += shim.frames_used;
        shim.index_size += index_bytes;
    } else {
        /* A full disk must not stop the container: this batch is lost, the log stays whole. */
        (void)!ftruncate(shim.log, (off_t)(shim.log_size - shim.log_base));
        (void)!ftruncate(shim.index, (off_t)shim.index_size);
    }
    shim.frames_used = 0;
    shim.index_used = 0;
}

static void name_file(char path[LOG_PATH_BYTES], const char *kind, uint64_t base)
{
    if (base == 0)
        (void)snprintf(path, LOG_PATH_BYTES, "%s%s", shim.log_prefix, kind);
    else
        (void)snprintf(path, LOG_PATH_BYTES, "%s%s.%llu", shim.log_prefix, kind, (unsigned long long)base);
}

/* The index goes last: a file of frames without one is still found. */
static void remove_files(uint64_t base)
{
    static const char *const kinds[] = {"", ".gz", ".idx"};
    char path[LOG_PATH_BYTES];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        name_file(path, kinds[i], base);
        (void)unlink(path); /* the engine may have been first */
    }
}

static void remember(uint64_t base)
{
    uint32_t most = shim.log_max_files - 1; /* beside the present one */
    if (shim.log_max_files == 0)
        return;
    if (most > MAX_OLDER_FILES || shim.log_kept)
        most = MAX_OLDER_FILES;
    while (older_count > 0 && older_count >= most) {
        if (!shim.log_kept) /* else it is the engine's to remove, when everybody has read it */
            remove_files(older[0]);
        older_count--;
        memmove(older, older + 1, older_count * sizeof *older);
    }
    if (most == 0)
        remove_files(base);
    else
        older[older_count++] = base;
}

static int open_new(const char *kind, uint64_t base)
{
    char path[LOG_PATH_BYTES];
    name_file(path, kind, base);
    return open(path, O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
}

/*
 * Goes on in a new file that is named for where it begins, so that nothing need be renamed and who reads the old one
 * knows the name of the next. The new pair is there before anything old goes. 0 or an errno.
 */
int log_rotate(void)
{
    log_flush();
    uint64_t base = shim.log_base;
    if (shim.log < 0 || shim.log_prefix[0] == 0)
        return ENOTSUP;
    if (shim.log_size == base)
        return 0;
    int log = open_new("", shim.log_size), index = log < 0 ? -1 : open_new(".idx", shim.log_size);
    if (index < 0) {
        int error = errno;
        if (log >= 0)
            remove_files(shim.log_size);
        close_now(&log);
        return error;
    }
    close_now(&shim.log);
    close_now(&shim.index);
    shim.log = log;
    shim.index = index;
    shim.log_base = shim.log_size;
    shim.index_size = 0;
    remember(base);
    return 0;
}

/* Somebody is attached: no file goes before the engine says so, and a log that keeps nothing is written. */
void log_keep(bool wanted)
{
    shim.log_kept = wanted;
}

int log_rotation(const struct op *op)
{
    const struct field *prefix = &op->fields[LOG_ROTATION_PREFIX], *list = &op->fields[LOG_ROTATION_OLDER];
    if (prefix->count >= sizeof shim.log_prefix)
        return fail_as(ENAMETOOLONG, "log");
    memcpy(shim.log_prefix, prefix->data, (size_t)prefix->count + 1);
    shim.log_base = op->fields[LOG_ROTATION_BASE].number;
    shim.log_size += shim.log_base;
    shim.log_max_bytes = op->fields[LOG_ROTATION_MAX_BYTES].number;
    shim.log_max_files = (uint32_t)op->fields[LOG_ROTATION_MAX_FILES].number;
    shim.log_flags = (uint32_t)op->fields[LOG_ROTATION_FLAGS].number;
    log_keep(shim.log_flags & LOG_KEEP_FROM_START);
    for (size_t at = 0; at + 8 <= list->count; at += 8) {
        uint64_t base;
        memcpy(&base, list->data + at, 8);
        remember(base);
    }
    return 0;
}

void log_append(struct stream *stream, const uint8_t *data, size_t length)
{
    if (shim.log < 0 || (shim.log_flags & LOG_DISCARD && !shim.log_kept))
        return;
    uint64_t time = now_ns();
    while (length > 0) {
        size_t count = length < MAX_FRAME_PAYLOAD ? length : MAX_FRAME_PAYLOAD;
        const uint8_t *newline = memchr(data, '\n', count);
        if (newline != NULL)
            count = (size_t)(newline - data) + 1;
        if (shim.frames_used + FRAME_HEADER_BYTES + count > FRAME_BYTES || shim.index_used == INDEX_ENTRIES)
            log_flush();
        if (shim.log_max_bytes > 0 && shim.log_size - shim.log_base + shim.frames_used >= shim.log_max_bytes)
            (void)log_rotate(); /* no room for a new file: the old one grows on */
        uint8_t *frame = shim.work->frames + shim.frames_used;
        memset(frame, 0, 4);
        frame[0] = stream->number;
        store_u32_be(frame + 4, (uint32_t)count);
        memcpy(frame + FRAME_HEADER_BYTES, data, count);
        store_entry(shim.work->index + shim.index_used * 16, shim.log_size - shim.log_base + shim.frames_used, stream->continues ? time | CONTINUED : time);
        shim.frames_used += (uint32_t)(FRAME_HEADER_BYTES + count);
        shim.index_used++;
        stream->continues = newline == NULL;
        data += count;
        length -= count;
    }
    log_flush();
    notify_log();
}

/* An earlier shim's log has been brought in order by the engine. */
int log_open(const char *path, const char *index_path)
{
    struct stat log, index;
    shim.log = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (shim.log < 0 || fstat(shim.log, &log) < 0)
        return fail(path);
    shim.index = open(index_path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (shim.index < 0 || fstat(shim.index, &index) < 0)
        return fail(index_path);
    shim.log_size = (uint64_t)log.st_size;
    shim.index_size = (uint64_t)index.st_size;
    return 0;
}
