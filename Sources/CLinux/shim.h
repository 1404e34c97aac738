// What Swift's Glibc module leaves out: the readiness interface of Linux, file locks, and accept4.
//
// No shim here defines _GNU_SOURCE: it changes the members of types that Glibc's and Dispatch's own modules also hold
// (fd_set), and the compiler refuses two modules that see one type differently. What stands behind that flag is
// declared here by hand.
#ifndef SHROFF_CLINUX_SHIM_H
#define SHROFF_CLINUX_SHIM_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>

// accept(2) with SOCK_NONBLOCK and SOCK_CLOEXEC set in the same call.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
#endif
