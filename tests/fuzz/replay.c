/* Runs every file of the given folders through a fuzz harness, so that the corpus is an ordinary
 * test under any compiler. Fails when there is nothing to run. */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "harness.h"

/* The input lies at the end of its own heap block: a sanitizer sees a read past it. */
static int run_file(const char *path) {
    int rc = -1;
    struct stat st;
    uint8_t *bytes = NULL;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &st) < 0)
        goto out;
    const size_t n = (size_t)st.st_size;
    bytes = malloc(n > 0 ? n : 1);
    if (bytes == NULL || fread(bytes, 1, n, f) != n)
        goto out;
    LLVMFuzzerTestOneInput(bytes, n);
    rc = 0;
out:
    if (rc < 0)
        perror(path);
    free(bytes);
    if (f != NULL)
        fclose(f);
    return rc;
}

/* Number of files run, or -1. */
static int run_folder(const char *folder) {
    int files = 0;
    const struct dirent *e;
    DIR *d = opendir(folder);
    if (d == NULL) {
        perror(folder);
        return -1;
    }
    while (files >= 0 && (e = readdir(d)) != NULL) {
        char path[PATH_MAX];
        if (e->d_name[0] == '.')
            continue;
        const int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (n < 0 || n >= (int)sizeof path || run_file(path) < 0)
            files = -1;
        else
            files++;
    }
    closedir(d);
    return files;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        const int files = run_folder(argv[i]);
        if (files < 0)
            return EXIT_FAILURE;
        total += files;
    }
    printf("%d inputs\n", total);
    return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
