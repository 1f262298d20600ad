#include "publish/mqtt_client.h"

#include <MQTTClient.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "publish/connect_trace.h"
#include "sys/clock.h"
#include "sys/secret_file.h"

#define INCOMING_PACKET_MAX 65536
#define LIBRARY_WINDOW      100 /* above ours: the library itself never blocks on it */

struct mqtt_client {
    const struct mqtt_settings *settings;
    const char *client_id;
    MQTTClient handle; /* NULL before the first connect */
    int version;
    bool was_connected;
    struct inbox inbox;
};

/* ---- called by Paho, on its threads: they only post --------------------------------------- */

/* MQTT 5: any PUBACK, with its reason code. */
static void on_published(void *arg, int token, int packet_type, MQTTProperties *properties,
                         enum MQTTReasonCodes reason) {
    (void)packet_type;
    (void)properties;
    struct mqtt_client *c = arg;
    inbox_post(&c->inbox, INBOX_PUBLISHED, token, (int)reason);
}

/* Any version; the only one 3.1.1 has. */
static void on_delivered(void *arg, MQTTClient_deliveryToken token) {
    struct mqtt_client *c = arg;
    if (c->version < MQTT_V5)
        inbox_post(&c->inbox, INBOX_PUBLISHED, token, 0);
}

/* Three topics are subscribed to, and end differently. */
static enum inbox_kind kind_of(const char *topic) {
    const char *leaf = strrchr(topic, '/');
    if (leaf && strcmp(leaf, "/cmd") == 0)
        return INBOX_COMMAND;
    return leaf && strcmp(leaf, "/alert") == 0 ? INBOX_ALERT : INBOX_ACK;
}

static int on_message(void *arg, char *topic, int topic_len, MQTTClient_message *m) {
    (void)topic_len; /* not 0 only for a topic with a NUL in it */
    struct mqtt_client *c = arg;
    size_t n = m->payloadlen > 0 ? (size_t)m->payloadlen : 0;
    inbox_post_message(&c->inbox, kind_of(topic), m->payload, n, m->retained != 0);
    MQTTClient_freeMessage(&m);
    MQTTClient_free(topic);
    return 1;
}

static void on_lost(void *arg, char *cause) {
    (void)cause;
    struct mqtt_client *c = arg;
    inbox_post(&c->inbox, INBOX_LOST, 0, 0);
}

static void on_disconnected(void *arg, MQTTProperties *properties, enum MQTTReasonCodes reason) {
    (void)properties;
    struct mqtt_client *c = arg;
    inbox_post(&c->inbox, INBOX_LOST, 0, (int)reason);
}

/* ---- life ------------------------------------------------------------------------------- */

/* With its last client the library tears down what all of them share, and waits no longer than a
 * second for its own thread to leave it: on a machine that stands still so long, that thread ends
 * the program. A client that never connects keeps it. Nobody frees it. */
static void keep_library(void) {
    static MQTTClient keeper;
    MQTTClient_create(&keeper, "mqtt://127.0.0.1:1", "keeper", MQTTCLIENT_PERSISTENCE_NONE, NULL);
}

int mqtt_client_new(const struct mqtt_settings *s, const char *client_id, int wake_fd,
                    struct mqtt_client **ret) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, keep_library);
    struct mqtt_client *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    if (inbox_init(&c->inbox, wake_fd) < 0) {
        free(c);
        return ERR_NOMEM;
    }
    c->settings = s;
    c->client_id = client_id;
    *ret = c;
    return ERR_OK;
}

void mqtt_client_free(struct mqtt_client *c) {
    if (!c)
        return;
    if (c->handle) {
        if (MQTTClient_isConnected(c->handle))
            MQTTClient_disconnect5(c->handle, 0, MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE, NULL);
        else if (c->was_connected) /* its report may still be on the way, in a thread of its own */
            inbox_wait_lost(&c->inbox, 1000);
        MQTTClient_destroy(&c->handle);
    }
    inbox_fini(&c->inbox);
    free(c);
}

struct inbox *mqtt_client_inbox(struct mqtt_client *c) {
    return &c->inbox;
}

/* ---- connect ---------------------------------------------------------------------------- */

static int create_handle(struct mqtt_client *c, int version) {
    const struct mqtt_settings *s = c->settings;
    char uri[300];
    const char *scheme = s->tls ? "mqtts" : "mqtt";
    bool v6 = strchr(s->host, ':') != NULL;
    int n = snprintf(uri, sizeof uri, v6 ? "%s://[%s]:%u" : "%s://%s:%u", scheme, s->host,
                     (unsigned)s->port);
    if (n < 0 || (size_t)n >= sizeof uri)
        return ERR_LIMIT;
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
    options.MQTTVersion = version;
    c->version = version;
    if (MQTTClient_createWithOptions(&c->handle, uri, c->client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                     NULL, &options) != MQTTCLIENT_SUCCESS) {
        c->handle = NULL;
        return ERR_NOMEM;
    }
    MQTTClient_setCommandTimeout(c->handle, MQTT_CONNECT_TIMEOUT_S * 1000);
    MQTTClient_setCallbacks(c->handle, c, on_lost, on_message, on_delivered);
    MQTTClient_setPublished(c->handle, c, on_published);
    MQTTClient_setDisconnected(c->handle, c, on_disconnected);
    return ERR_OK;
}

static int check_file(const char *what, const char *path, struct mqtt_connected *ret) {
    if (!path || access(path, R_OK) == 0)
        return ERR_OK;
    snprintf(ret->why, sizeof ret->why, "cannot read %s %s: %s", what, path, strerror(errno));
    return ERR_IO;
}

static int check_files(const struct mqtt_settings *s, struct mqtt_connected *ret) {
    if (!s->tls)
        return ERR_OK;
    int rc = check_file("ca_file", s->ca_file, ret);
    if (rc == ERR_OK)
        rc = check_file("cert_file", s->cert_file, ret);
    if (rc == ERR_OK)
        rc = check_file("key_file", s->key_file, ret);
    return rc;
}

static const char *refusal_hint(int code) {
    switch (code) {
    case 4:
    case 5:
    case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
    case MQTTREASONCODE_NOT_AUTHORIZED:
        return "; check mqtt.username, mqtt.password_file and the broker's access list";
    case 2:
    case MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID:
        return "; set another mqtt.client_id";
    default:
        return "";
    }
}

static const char *refusal_text(int version, int code) {
    static const char *const v311[] = {
        "accepted",           "protocol version not supported", "client id rejected",
        "server unavailable", "bad user or password",           "not authorised"};
    if (code >= 0 && (size_t)code < sizeof v311 / sizeof v311[0])
        return v311[code];
    const char *text =
        version >= MQTT_V5 ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL;
    return text ? text : "unknown reason";
}

/* The broker ended the handshake: with few exceptions it is not content with our certificate. */
static bool is_about_certificate(const char *tls) {
    static const char *const words[] = {"unknown", "certificate", "handshake failure",
                                        "access denied"};
    for (size_t i = 0; strstr(tls, "SSL alert read:") && i < sizeof words / sizeof words[0]; i++)
        if (strstr(tls, words[i]))
            return true;
    return false;
}

static void explain_tls(const struct mqtt_settings *s, const char *tls, char *why, size_t cap) {
    if (is_about_certificate(tls) && s->cert_file)
        snprintf(
            why, cap,
            "the broker refuses the gateway's certificate %s (%s); renew it, or let the broker "
            "trust its authority",
            s->cert_file, tls);
    else if (is_about_certificate(tls))
        snprintf(why, cap,
                 "the broker asks for a certificate of the gateway (%s); set mqtt.cert_file and "
                 "mqtt.key_file",
                 tls);
    else
        snprintf(why, cap,
                 "TLS failed (%s); check ca_file %s, the certificates, the clock and that the port "
                 "speaks TLS",
                 tls, s->ca_file ? s->ca_file : "(none: the system's authorities)");
}

/* Connected, and then nothing; with TLS the broker may have looked at our certificate and left. */
static void explain_closed(const struct mqtt_settings *s, char *why, size_t cap) {
    static const char closed[] = "the broker closed the connection without an answer";
    if (!s->tls)
        snprintf(why, cap, "%s", closed);
    else if (s->cert_file)
        snprintf(why, cap, "%s; see its log; if it refuses the gateway's certificate %s, renew it",
                 closed, s->cert_file);
    else
        snprintf(why, cap,
                 "%s; see its log; if it asks for a certificate, set mqtt.cert_file and "
                 "mqtt.key_file",
                 closed);
}

static void explain_nothing_there(const struct mqtt_settings *s, char *why, size_t cap) {
    if (!s->tls)
        snprintf(why, cap, "connection refused or host unknown");
    else if (s->cert_file)
        snprintf(
            why, cap,
            "connection refused, host unknown, no TLS there, or cert_file %s and key_file %s do "
            "not belong together",
            s->cert_file, s->key_file ? s->key_file : "(none)");
    else
        snprintf(why, cap, "connection refused, host unknown, or no TLS there");
}

/* There was no CONNACK: says how far it came. */
static void explain_silence(const struct mqtt_client *c, const struct connect_trace *trace,
                            bool timed_out, struct mqtt_connected *ret) {
    const struct mqtt_settings *s = c->settings;
    char *why = ret->why;
    const size_t cap = sizeof ret->why;
    if (s->tls && trace->wrong_host && !trace->connect_sent)
        snprintf(why, cap,
                 "the broker's certificate is for another name than %s; use the name in the "
                 "certificate in mqtt.url",
                 s->host);
    else if (s->tls && trace->tls[0] != '\0')
        explain_tls(s, trace->tls, why, cap);
    else if (trace->connect_sent && timed_out)
        snprintf(why, cap, "no answer to CONNECT within %d s", MQTT_CONNECT_TIMEOUT_S);
    else if (trace->connect_sent)
        explain_closed(s, why, cap);
    else if (timed_out)
        snprintf(why, cap, "no connection within %d s", MQTT_CONNECT_TIMEOUT_S);
    else
        explain_nothing_there(s, why, cap);
    ret->closed_unanswered = trace->connect_sent && !timed_out && trace->tls[0] == '\0';
}

static MQTTResponse connect_with(struct mqtt_client *c, int version,
                                 const struct mqtt_message *will, const char *password) {
    const struct mqtt_settings *s = c->settings;
    MQTTClient_connectOptions v5 = MQTTClient_connectOptions_initializer5;
    MQTTClient_connectOptions v311 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions o = version >= MQTT_V5 ? v5 : v311;
    o.MQTTVersion = version;
    o.keepAliveInterval = MQTT_KEEP_ALIVE_S;
    o.connectTimeout = MQTT_CONNECT_TIMEOUT_S;
    o.reliable = 0;
    o.maxInflightMessages = LIBRARY_WINDOW;
    o.username = s->username;
    o.password = password;
    MQTTClient_willOptions w = MQTTClient_willOptions_initializer;
    w.topicName = will->topic;
    w.payload.len = (int)will->len;
    w.payload.data = will->body;
    w.retained = will->retain;
    w.qos = will->qos;
    o.will = &w;
    MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
    tls.trustStore = s->ca_file; /* NULL: the system's store */
    tls.keyStore = s->cert_file;
    tls.privateKey = s->key_file;
    tls.enableServerCertAuth = 1;
    tls.verify = 1; /* the host name too */
    tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
    tls.ssl_error_cb = connect_trace_tls_error;
    if (s->tls)
        o.ssl = &tls;
    if (version < MQTT_V5) {
        MQTTResponse r = MQTTResponse_initializer;
        r.reasonCode = (enum MQTTReasonCodes)MQTTClient_connect(c->handle, &o);
        return r;
    }
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty limit = {.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE,
                          .value.integer4 = INCOMING_PACKET_MAX};
    MQTTProperties_add(&properties, &limit);
    MQTTResponse r = MQTTClient_connect5(c->handle, &o, &properties, NULL);
    MQTTProperties_free(&properties);
    return r;
}

static uint32_t receive_max(const MQTTResponse *r) {
    if (!r->properties ||
        !MQTTProperties_hasProperty(r->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
        return UINT16_MAX;
    return (uint32_t)MQTTProperties_getNumericValue(r->properties,
                                                    MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
}

int mqtt_client_connect(struct mqtt_client *c, int version, const struct mqtt_message *will,
                        struct mqtt_connected *ret) {
    memset(ret, 0, sizeof *ret);
    char password[SECRET_MAX];
    password[0] = '\0';
    const struct mqtt_settings *s = c->settings;
    int rc = check_files(s, ret);
    if (rc == ERR_OK && s->password_file)
        rc = secret_file_read(s->password_file, password, ret->why, sizeof ret->why);
    if (rc >= 0)
        rc = create_handle(c, version);
    if (rc < 0)
        goto out;

    us_t begun = clock_now().mono_us;
    connect_trace_begin();
    MQTTResponse r = connect_with(c, version, will, s->password_file ? password : NULL);
    struct connect_trace trace;
    connect_trace_end(&trace);
    int code = (int)r.reasonCode;
    if (code == MQTTCLIENT_SUCCESS) {
        c->was_connected = true;
        ret->version = version;
        ret->receive_max = receive_max(&r);
    } else if (trace.answered) {
        rc = ERR_REFUSED;
        ret->version_refused = version >= MQTT_V5 &&
                               (code == 1 || code == MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION);
        snprintf(ret->why, sizeof ret->why, "the broker refused: %s (0x%02x)%s",
                 refusal_text(version, code), (unsigned)code & 0xFFU, refusal_hint(code));
    } else {
        rc = ERR_IO;
        us_t took = clock_now().mono_us - begun;
        explain_silence(c, &trace, took >= (MQTT_CONNECT_TIMEOUT_S * US_PER_S) * 9 / 10, ret);
    }
    MQTTResponse_free(r);
out:
    explicit_bzero(password, sizeof password);
    return rc < 0 ? rc : ERR_OK;
}

/* ---- while connected ---------------------------------------------------------------------- */

int mqtt_client_subscribe(struct mqtt_client *c, const char *topic) {
    MQTTSubscribe_options options = MQTTSubscribe_options_initializer;
    MQTTResponse r =
        MQTTClient_subscribe5(c->handle, topic, 1, c->version >= MQTT_V5 ? &options : NULL, NULL);
    int code = (int)r.reasonCode;
    MQTTResponse_free(r);
    if (code < 0)
        return ERR_CLOSED;
    return code >= MQTTREASONCODE_UNSPECIFIED_ERROR ? ERR_REFUSED : ERR_OK;
}

int mqtt_client_send(struct mqtt_client *c, const struct mqtt_message *m, int *ret_token) {
    MQTTClient_deliveryToken token = 0;
    MQTTResponse r = MQTTClient_publish5(c->handle, m->topic, (int)m->len, m->body, m->qos,
                                         m->retain ? 1 : 0, NULL, &token);
    int code = (int)r.reasonCode;
    MQTTResponse_free(r);
    if (code != MQTTCLIENT_SUCCESS)
        return ERR_CLOSED;
    if (ret_token)
        *ret_token = token;
    return ERR_OK;
}

void mqtt_client_disconnect(struct mqtt_client *c) {
    if (c->handle && MQTTClient_isConnected(c->handle)) {
        MQTTClient_disconnect5(c->handle, 0, MQTTREASONCODE_NORMAL_DISCONNECTION, NULL);
        c->was_connected = false; /* nobody reports what we did ourselves */
    }
}
