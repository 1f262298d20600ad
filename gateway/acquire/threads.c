#include "acquire/threads.h"

#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "sys/log.h"

/* The threads keep little on their stacks; the default of 8 MiB would only be address space, but
 * counts where memory is locked or limited. */
#define STACK_BYTES (256 * 1024)

int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg) {
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&thread, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (e != 0) {
        log_error("thread %s cannot start: %s; raise the limit of threads (ulimit -u)", name,
                  strerror(e));
        return ERR_LIMIT;
    }
    pthread_setname_np(thread, name);
    *ret = thread;
    return ERR_OK;
}
