#include "publish/connect_trace.h"

#include <MQTTClient.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct connect_trace current;

static void keep(const char *text, size_t len) {
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    if (len >= sizeof current.tls)
        len = sizeof current.tls - 1;
    memcpy(current.tls, text, len);
    current.tls[len] = '\0';
}

/* Called by Paho with its log lock held: no call into Paho here. */
static void on_trace(enum MQTTCLIENT_TRACE_LEVELS level, char *message) {
    (void)level;
    pthread_mutex_lock(&lock);
    const char *alert = strstr(message, "SSL alert ");
    if (strstr(message, "-> CONNECT version"))
        current.connect_sent = true;
    else if (strstr(message, "<- CONNACK"))
        current.answered = true;
    else if (strstr(message, "X509_check_host for hostname"))
        current.wrong_host = true;
    else if (alert && !strstr(alert, "close notify"))
        keep(alert, strlen(alert));
    pthread_mutex_unlock(&lock);
}

int connect_trace_tls_error(const char *text, unsigned long len, void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    if (current.tls[0] == '\0')
        keep(text, len);
    pthread_mutex_unlock(&lock);
    return 1;
}

void connect_trace_begin(void) {
    pthread_mutex_lock(&lock);
    current = (struct connect_trace){0};
    pthread_mutex_unlock(&lock);
    MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_PROTOCOL);
    MQTTClient_setTraceCallback(on_trace);
}

void connect_trace_end(struct connect_trace *ret) {
    MQTTClient_setTraceCallback(NULL);
    MQTTClient_setTraceLevel(MQTTCLIENT_TRACE_FATAL);
    pthread_mutex_lock(&lock);
    *ret = current;
    pthread_mutex_unlock(&lock);
}
