/* The facts of a slot as they are stored beside its record: every number, exact, an unknown one in
 * a byte. Historian thread (write), readers. No I/O. */
#ifndef BUSBAR_STORE_FACTS_CODEC_H
#define BUSBAR_STORE_FACTS_CODEC_H

#include "calc/facts.h"
#include "store/pack.h"

#define FACTS_BYTES_MAX 32768

void facts_write(struct pack *p, const struct slot_facts *f);
/* ERR_CORRUPT. period, start, end and absent are in it; a suspect's feed index is that of the
 * layout. */
int facts_read(const void *bytes, size_t n, struct slot_facts *ret);

#endif
