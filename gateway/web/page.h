/* The officers' page: files of one flat folder, as they were built; each also compressed beside
 * itself. Web thread. */
#ifndef BUSBAR_WEB_PAGE_H
#define BUSBAR_WEB_PAGE_H

#include <microhttpd.h>
#include <stdbool.h>

struct page {
    int folder; /* -1: none */
};

/* Opens the folder; without one there is no page. */
void page_open(struct page *p, const char *folder);
void page_close(struct page *p);
/* Whether a path may be the page's: "/" or one plain file name. */
bool page_is(const char *path);
/* The file; 304 when the client has it; 404. */
enum MHD_Result page_get(const struct page *p, struct MHD_Connection *c, const char *path);

#endif
