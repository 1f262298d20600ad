/* Threads of acquire: named, with every signal blocked (main takes them). */
#ifndef BUSBAR_ACQUIRE_THREADS_H
#define BUSBAR_ACQUIRE_THREADS_H

#include <pthread.h>

/* name: at most 15 characters. ERR_LIMIT (logged) when there can be no more threads. */
int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg);

#endif
