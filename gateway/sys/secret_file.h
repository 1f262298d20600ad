/* Reads a password from a file that others cannot read. Never logs what it read.
 *
 * Any thread; blocking file I/O. */
#ifndef BUSBAR_SYS_SECRET_FILE_H
#define BUSBAR_SYS_SECRET_FILE_H

#include <stddef.h>

#define SECRET_MAX 1024

/* The first line of the file, without its line end, into out. Returns the length, or an error with
 * the reason and the next step in why: ERR_IO, ERR_REFUSED (others may read it, or not a plain
 * file), ERR_LIMIT (empty or too long). The caller wipes out. */
int secret_file_read(const char *path, char out[SECRET_MAX], char *why, size_t why_cap);
/* The file open for reading, or ERR_IO, ERR_REFUSED (others may read it, or not a plain file) with
 * the reason and the next step in why. */
int secret_file_open(const char *path, char *why, size_t why_cap);
/* Whether a file that somebody else will read (a private key) is there and closed to others.
 * ERR_OK, or ERR_IO, ERR_REFUSED with the reason and the next step in why. */
int secret_file_check(const char *path, char *why, size_t why_cap);

#endif
