#include "publish/https_trouble.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool has(const char *detail, const char *words) {
    return strstr(detail, words) != NULL;
}

/* The certificate did not convince. Nothing was sent. */
static void peer_trouble(const struct https_target *to, const char *detail, char *out, size_t cap) {
    const char *where = to->ca_file ? to->ca_file : "the system's certificates";
    if (has(detail, "does not match") || has(detail, "no alternative certificate subject name") ||
        has(detail, "subject name"))
        snprintf(out, cap,
                 "its certificate is for another host name; write the name of the certificate in "
                 "%s, or have it issued for this one; nothing was sent",
                 to->url_key);
    else if (has(detail, "has expired"))
        snprintf(out, cap,
                 "its certificate has expired; its operator must renew it (or this clock is wrong: "
                 "check the date); nothing was sent");
    else if (has(detail, "not yet valid"))
        snprintf(out, cap,
                 "its certificate is not valid yet; check this machine's clock and time zone; "
                 "nothing was sent");
    else if (has(detail, "revoked"))
        snprintf(out, cap, "its certificate was revoked; ask its operator; nothing was sent");
    else
        snprintf(out, cap,
                 "its certificate is not from an authority in %s (%s); give the right authority's "
                 "certificate as ca_file; nothing was sent",
                 where, detail);
}

/* It ended the handshake, or the connection right after it, with an alert. */
static bool alert_trouble(const struct https_target *to, const char *detail, char *out,
                          size_t cap) {
    if (has(detail, "certificate required") || has(detail, "handshake failure"))
        snprintf(out, cap, "it ended the handshake (%s); %s", detail,
                 to->cert_file ? "ask its operator which authority cert_file must be signed by"
                               : "it may want a certificate of this gateway: give cert_file and "
                                 "key_file");
    else if (has(detail, "alert") && has(detail, "cert"))
        snprintf(out, cap, "it refuses this gateway's certificate %s (%s); ask its operator",
                 to->cert_file ? to->cert_file : "", detail);
    else if (has(detail, "alert unknown ca"))
        snprintf(out, cap,
                 "it does not know the authority of this gateway's certificate %s; ask its "
                 "operator which one it trusts",
                 to->cert_file ? to->cert_file : "");
    else if (has(detail, "protocol version") || has(detail, "unsupported protocol") ||
             has(detail, "wrong version"))
        snprintf(out, cap,
                 "it does not speak TLS 1.2 or later there (%s); check the port in %s, or its "
                 "operator must upgrade it",
                 detail, to->url_key);
    else
        return false;
    return true;
}

void https_trouble_write(const struct https_target *to, CURLcode code, const char *detail,
                         bool certificate_wanted, char *out, size_t cap) {
    bool ended = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_RECV_ERROR ||
                 code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
                 code == CURLE_PARTIAL_FILE;
    if (detail[0] == '\0')
        detail = curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        peer_trouble(to, detail, out, cap);
    else if (code == CURLE_SSL_CACERT_BADFILE)
        snprintf(out, cap, "no certificate can be read from ca_file %s; check that it is PEM",
                 to->ca_file ? to->ca_file : "(the system's)");
    else if (code == CURLE_SSL_CERTPROBLEM)
        snprintf(out, cap, "%s; check cert_file %s and key_file %s: both PEM, of one pair", detail,
                 to->cert_file ? to->cert_file : "?", to->key_file ? to->key_file : "?");
    else if (ended && certificate_wanted)
        snprintf(out, cap,
                 "it asks for a certificate of this gateway and takes nothing without; give "
                 "cert_file and key_file");
    else if (ended && alert_trouble(to, detail, out, cap))
        return;
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        snprintf(out, cap, "its name is not known; check %s and this machine's name server",
                 to->url_key);
    else if (code == CURLE_COULDNT_CONNECT)
        snprintf(out, cap, "no connection (%s); check %s, the network and its firewall", detail,
                 to->url_key);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(out, cap, "no answer in time (%s); it is slow or hangs, see timeout_s", detail);
    else if (ended && code != CURLE_SSL_CONNECT_ERROR)
        snprintf(out, cap, "it closed the connection before its answer was whole (%s)", detail);
    else
        snprintf(out, cap, "%s", detail);
}
