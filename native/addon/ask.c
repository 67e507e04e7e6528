#include "ask.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#define ANSWER_BYTES 8192

int ask_kernel(int fd, const void *message, size_t bytes) {
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, message, bytes, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
        return -errno;
    for (;;) {
        _Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
        ssize_t length = recv(fd, answer, sizeof answer, 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length < 0 ? -errno : -EPIPE;
        const struct nlmsghdr *header = (const void *)answer;
        if (NLMSG_OK(header, (size_t)length) && header->nlmsg_type == NLMSG_ERROR)
            return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
    }
}
