/* A file of the emulator's host as non-volatile memory. Its name is the first argument of
 * -semihosting-config. Source: Arm Semihosting for AArch32 and AArch64, 2.0. */
#include "hal/stm32f405/semihost.h"

#include <string.h>

#include "base/err.h"

enum {
    SYS_OPEN = 0x01,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_GET_CMDLINE = 0x15
};
#define MODE_UPDATE 3 /* "r+b" */
#define MODE_CREATE 7 /* "w+b" */

static int32_t file = -1;

static int32_t call(uint32_t what, const void *block) {
    register uint32_t r0 __asm("r0") = what;
    register const void *r1 __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
    return (int32_t)r0;
}

static uint32_t at(const void *p) {
    return (uint32_t)(uintptr_t)p;
}

static int32_t open_file(const char *name, uint32_t mode) {
    const uint32_t block[] = {at(name), mode, (uint32_t)strlen(name)};
    return call(SYS_OPEN, block);
}

void semihost_open(void) {
    static char line[256];
    const uint32_t block[] = {at(line), sizeof line};
    if (call(SYS_GET_CMDLINE, block) != 0)
        return;
    file = open_file(line, MODE_UPDATE);
    if (file < 0)
        file = open_file(line, MODE_CREATE);
}

static int transfer(uint32_t what, uint32_t offset, const uint8_t *bytes, size_t n) {
    const uint32_t seek[] = {(uint32_t)file, offset};
    const uint32_t block[] = {(uint32_t)file, at(bytes), (uint32_t)n};
    if (file < 0 || call(SYS_SEEK, seek) != 0)
        return ERR_IO;
    const int32_t left = call(what, block);
    /* Reading past the end of the file is a blank memory. */
    return left == 0 || what == SYS_READ ? ERR_OK : ERR_IO;
}

int semihost_read(uint32_t offset, uint8_t *bytes, size_t n) {
    memset(bytes, 0, n);
    return transfer(SYS_READ, offset, bytes, n);
}

int semihost_write(uint32_t offset, const uint8_t *bytes, size_t n) {
    return transfer(SYS_WRITE, offset, bytes, n);
}
