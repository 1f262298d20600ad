/* Certificate and key of the page's own TLS, as libmicrohttpd wants them: text in memory. */
#ifndef BUSBAR_WEB_TLS_FILES_H
#define BUSBAR_WEB_TLS_FILES_H

#include <stddef.h>

struct tls_files {
    char *cert, *key; /* PEM; NULL: no TLS */
};

/* Reads both; the key must be closed to others. ERR_IO, ERR_REFUSED, ERR_LIMIT, ERR_NOMEM with the
 * reason and the next step in why; ret is filled on success only. */
int tls_files_read(const char *cert_file, const char *key_file, struct tls_files *ret, char *why,
                   size_t why_cap);
void tls_files_free(struct tls_files *t); /* wipes the key */

#endif
