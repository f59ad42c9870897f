/* Syncs that are slow or fail, for one process. The file named in SYNC_FAULT_FILE says how:
 * two numbers, the milliseconds that each sync takes longer, and which failure it is: a sync
 * fails once for each number that was not there before. A direct write counts as a sync. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static _Atomic long failed;

static int stumbles(void)
{
    static int file = -1;
    char text[64] = {0}, *rest;
    const char *path = getenv("SYNC_FAULT_FILE");
    long slow_ms, failure, before;
    if (file < 0 && path)
        file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, text, sizeof text - 1, 0) <= 0)
        return 0;
    slow_ms = strtol(text, &rest, 10);
    failure = strtol(rest, 0, 10);
    if (slow_ms > 0) {
        struct timespec time = {slow_ms / 1000, slow_ms % 1000 * 1000000};
        nanosleep(&time, 0);
    }
    before = atomic_load(&failed);
    return failure > before && atomic_compare_exchange_strong(&failed, &before, failure);
}

int fdatasync(int file)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (stumbles()) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fsync(int file)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (stumbles()) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

static ssize_t written(int file, const void *bytes, size_t count, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    int flags = fcntl(file, F_GETFL);
    if (!real)
        real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    if (flags >= 0 && (flags & O_DSYNC) && stumbles()) {
        errno = EIO;
        return -1;
    }
    return real(file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    return written(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at)
{
    return written(file, bytes, count, at);
}
