/* The facts of a slot as they are stored beside its record: every number, exact, an unknown one in
 * a byte. Metering points, accounts, transformers, virtual meters, nodes and a suspect are kept by
 * their ids: read under another configuration they stand where they belong in it. Historian thread
 * (write), readers. No I/O. */
#ifndef BUSBAR_STORE_FACTS_CODEC_H
#define BUSBAR_STORE_FACTS_CODEC_H

#include "base/pack.h"
#include "calc/facts.h"

#define FACTS_BYTES_MAX 32768

void facts_write(struct pack *p, const struct site *site, const struct slot_facts *f);
/* ERR_CORRUPT: then *ret means nothing. What the site does not have any more is left out, what is
 * new in it is unknown; period, start, end and absent are those of the slot. What is read can be
 * merged and written: enumerations and counts are within their bounds. */
int facts_read(const void *bytes, size_t n, const struct site *site, struct slot_facts *ret);

#endif
