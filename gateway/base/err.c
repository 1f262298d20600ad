#include "base/err.h"

const char *err_str(int code) {
    switch (code) {
#define X(name, value, words)                                                                      \
    case name:                                                                                     \
        return words;
        ERR_LIST(X)
#undef X
    default:
        return "unknown error";
    }
}
