/* Failing with a detail: functions return -errno, and the detail (a path, a name) is kept for the report. */
#pragma once
#include <errno.h>

#define FAILURE_DETAIL_BYTES 512

extern char failure_detail[FAILURE_DETAIL_BYTES];

/* Keeps the detail and returns -error. */
int fail_as(int error, const char *detail);

static inline int fail(const char *detail)
{
    return fail_as(errno, detail);
}
