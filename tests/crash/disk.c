/* A disk that remembers: loaded before libc, it writes down what a process does to the files of one folder.
 *
 * Each deed is one record of the trace: its kind, the file's name within the folder, an offset and the bytes.
 *   C  opened, and made if need be     W  written at the offset     T  cut to the offset
 *   S  synced ("" is the folder)       U  unlinked
 * All are done and recorded one at a time, so the trace is an order in which they happened. A sync is only
 * recorded: what it would have kept is worked out from the trace.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int trace = -1;

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    const char *wanted = getenv("DISK_FOLDER"), *path = getenv("DISK_TRACE");
    if (!wanted || !path || !realpath(wanted, folder)) return;
    folder_length = strlen(folder);
    trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The name within the folder, "" for the folder; NULL for what is elsewhere. */
static const char *within(const char *path) {
    if (strncmp(path, folder, folder_length)) return NULL;
    if (!path[folder_length]) return "";
    if (path[folder_length] != '/') return NULL;
    const char *name = path + folder_length + 1;
    size_t length = strlen(name);
    if (length > 4 && !strcmp(name + length - 4, "-shm")) return NULL; /* made anew after a crash */
    return name;
}

static const char *name_of(int file, char *buffer) {
    char link[64];
    if (trace < 0 || file == trace) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length < 0) return NULL;
    buffer[length] = 0;
    return within(buffer);
}

static void record(char kind, const char *name, uint64_t offset, const void *data, uint64_t size) {
    struct __attribute__((packed)) { char kind; uint32_t name; uint64_t offset, size; } head = {
        kind, (uint32_t)strlen(name), offset, size};
    struct iovec parts[3] = {
        {&head, sizeof head}, {(void *)name, head.name}, {(void *)data, size}};
    if (writev(trace, parts, 3) != (ssize_t)(sizeof head + head.name + size)) abort();
}

static int opened(const char *path, int flags, mode_t mode) {
    const char *name = trace < 0 || !(flags & O_CREAT) ? NULL : within(path);
    if (!name) return real_open(path, flags, mode);
    pthread_mutex_lock(&turn);
    int file = real_open(path, flags, mode);
    if (file >= 0) record('C', name, 0, "", 0);
    pthread_mutex_unlock(&turn);
    return file;
}

static mode_t mode_of(int flags, va_list rest) { return flags & O_CREAT ? va_arg(rest, mode_t) : 0; }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

ssize_t write(int file, const void *data, size_t size) {
    char buffer[PATH_MAX];
    const char *name = name_of(file, buffer);
    if (!name) return real_write(file, data, size);
    pthread_mutex_lock(&turn);
    off64_t offset = lseek64(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t written = real_write(file, data, size);
    if (written > 0) record('W', name, (uint64_t)offset, data, (uint64_t)written);
    pthread_mutex_unlock(&turn);
    return written;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    char buffer[PATH_MAX];
    const char *name = name_of(file, buffer);
    if (!name) return real_pwrite(file, data, size, offset);
    pthread_mutex_lock(&turn);
    ssize_t written = real_pwrite(file, data, size, offset);
    if (written > 0) record('W', name, (uint64_t)offset, data, (uint64_t)written);
    pthread_mutex_unlock(&turn);
    return written;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    return pwrite64(file, data, size, offset);
}

int ftruncate64(int file, off64_t size) {
    char buffer[PATH_MAX];
    const char *name = name_of(file, buffer);
    if (!name) return real_ftruncate(file, size);
    pthread_mutex_lock(&turn);
    int result = real_ftruncate(file, size);
    if (!result) record('T', name, (uint64_t)size, "", 0);
    pthread_mutex_unlock(&turn);
    return result;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int synced(int file, int (*real)(int)) {
    char buffer[PATH_MAX];
    const char *name = name_of(file, buffer);
    if (!name) return real(file);
    pthread_mutex_lock(&turn);
    record('S', name, 0, "", 0);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fsync(int file) { return synced(file, real_fsync); }

int fdatasync(int file) { return synced(file, real_fdatasync); }

int unlink(const char *path) {
    const char *name = trace < 0 ? NULL : within(path);
    if (!name) return real_unlink(path);
    pthread_mutex_lock(&turn);
    int result = real_unlink(path);
    if (!result) record('U', name, 0, "", 0);
    pthread_mutex_unlock(&turn);
    return result;
}
