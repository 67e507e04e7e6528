/* rtnetlink batches that TypeScript has built: sent with one sendmsg, every message acknowledged. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* messages is changed in place (flags and, at each offset, pid); -errno of the first message that failed. */
int netlink_run(uint8_t *messages, size_t bytes);
