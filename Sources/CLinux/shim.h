// What Swift's Glibc module leaves out: the readiness interface of Linux, file locks, and accept4.
//
// No shim here defines _GNU_SOURCE: it changes the members of types that Glibc's and Dispatch's own modules also hold
// (fd_set), and the compiler refuses two modules that see one type differently. What stands behind that flag is
// declared here by hand.
#ifndef SHROFF_CLINUX_SHIM_H
#define SHROFF_CLINUX_SHIM_H
#include <linux/filter.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

// accept(2) with SOCK_NONBLOCK and SOCK_CLOEXEC set in the same call.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

// recv(2) on a socket with SO_TIMESTAMPNS. `arrivalNanoseconds` becomes when the kernel took in the last of these bytes,
// by CLOCK_REALTIME, in nanoseconds since 1970; 0 where it does not say. The macros that walk control messages have no
// counterpart in Swift.
static inline ssize_t receive_with_arrival(
    int descriptor, void *bytes, size_t capacity, long long *arrivalNanoseconds) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec piece = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *arrivalNanoseconds = 0;
    ssize_t count = recvmsg(descriptor, &message, 0);
    if (count <= 0) return count;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_TIMESTAMPNS) {
        struct timespec *time = (struct timespec *)CMSG_DATA(header);
        *arrivalNanoseconds = time->tv_sec * 1000000000LL + time->tv_nsec;
    }
    return count;
}
#endif
