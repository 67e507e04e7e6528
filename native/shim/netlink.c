#include "netlink.h"
#include "failure.h"
#include "fd.h"
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Asks for an acknowledgement of each message, and counts them. */
static int prepare(uint8_t *messages, size_t bytes, uint32_t *count)
{
    size_t at = 0;
    *count = 0;
    while (at < bytes) {
        struct nlmsghdr header;
        if (bytes - at < sizeof header)
            return fail_as(EBADMSG, "netlink batch");
        memcpy(&header, messages + at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes - at)
            return fail_as(EBADMSG, "netlink batch");
        header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
        header.nlmsg_seq = ++*count;
        memcpy(messages + at, &header, sizeof header);
        at += NLMSG_ALIGN(header.nlmsg_len);
    }
    return 0;
}

static int failed_message(const struct nlmsgerr *error, uint32_t sequence)
{
    char detail[48];
    (void)snprintf(detail, sizeof detail, "netlink message %u", sequence);
    return fail_as(-error->error, detail);
}

static int acknowledged(int fd, uint32_t count)
{
    int result = 0;
    for (uint32_t seen = 0; seen < count;) {
        _Alignas(struct nlmsghdr) char answer[8192];
        ssize_t length = recv(fd, answer, sizeof answer, 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return fail("netlink answer");
        for (struct nlmsghdr *header = (void *)answer; NLMSG_OK(header, (size_t)length); header = NLMSG_NEXT(header, length)) {
            if (header->nlmsg_type != NLMSG_ERROR)
                continue;
            const struct nlmsgerr *error = NLMSG_DATA(header);
            if (error->error != 0 && result == 0)
                result = failed_message(error, header->nlmsg_seq);
            seen++;
        }
    }
    return result;
}

int netlink_run(uint8_t *messages, size_t bytes)
{
    uint32_t count;
    int result = prepare(messages, bytes, &count);
    if (result < 0 || count == 0)
        return result;
    owned_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return fail("netlink socket");
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, messages, bytes, 0, (struct sockaddr *)&kernel, sizeof kernel) != (ssize_t)bytes)
        return fail("netlink batch");
    return acknowledged(fd, count);
}
