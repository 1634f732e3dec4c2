#include "CChecksum.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

// The Castagnoli polynomial, bit-reversed.
#define POLYNOMIAL 0x82f63b78u

// Three streams run in parallel because the instruction takes three cycles and starts every cycle; their checksums are
// joined with tables that move a checksum over LONG_RUN or SHORT_RUN zero bytes.
#define LONG_RUN 4096
#define SHORT_RUN 256

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t slices[8][256];
static uint32_t over_long[4][256];
static uint32_t over_short[4][256];
static int has_instruction;

static uint32_t times(const uint32_t *matrix, uint32_t vector) {
    uint32_t sum = 0;
    for (; vector; vector >>= 1, matrix++)
        if (vector & 1) sum ^= *matrix;
    return sum;
}

static void square(uint32_t *result, const uint32_t *matrix) {
    for (int i = 0; i < 32; i++) result[i] = times(matrix, matrix[i]);
}

// Moves a checksum over `count` zero bytes.
static uint32_t over_zeros(uint32_t crc, size_t count) {
    uint32_t even[32], odd[32];
    odd[0] = POLYNOMIAL;
    for (int i = 1; i < 32; i++) odd[i] = 1u << (i - 1);
    square(even, odd);
    square(odd, even);
    while (count) {
        square(even, odd);
        if (count & 1) crc = times(even, crc);
        count >>= 1;
        if (!count) break;
        square(odd, even);
        if (count & 1) crc = times(odd, crc);
        count >>= 1;
    }
    return crc;
}

static void fill_zeros(uint32_t table[4][256], size_t count) {
    uint32_t matrix[32];
    for (int bit = 0; bit < 32; bit++) matrix[bit] = over_zeros(1u << bit, count);
    for (uint32_t n = 0; n < 256; n++) {
        table[0][n] = times(matrix, n);
        table[1][n] = times(matrix, n << 8);
        table[2][n] = times(matrix, n << 16);
        table[3][n] = times(matrix, n << 24);
    }
}

static void prepare(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int k = 0; k < 8; k++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        slices[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++)
            slices[k][n] = (slices[k - 1][n] >> 8) ^ slices[0][slices[k - 1][n] & 0xff];
    fill_zeros(over_long, LONG_RUN);
    fill_zeros(over_short, SHORT_RUN);
#if defined(__x86_64__)
    has_instruction = __builtin_cpu_supports("sse4.2") ? 1 : 0;
#elif defined(__aarch64__)
    has_instruction = (getauxval(AT_HWCAP) & (1 << 7)) ? 1 : 0;
#endif
}

static uint32_t portable(uint32_t crc, const unsigned char *next, size_t count) {
    crc = ~crc;
    for (; count && ((uintptr_t)next & 7); count--) crc = slices[0][(crc ^ *next++) & 0xff] ^ (crc >> 8);
    for (; count >= 8; count -= 8, next += 8) {
        uint32_t low, high;
        memcpy(&low, next, 4);
        memcpy(&high, next + 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        low = __builtin_bswap32(low);
        high = __builtin_bswap32(high);
#endif
        low ^= crc;
        crc = slices[7][low & 0xff] ^ slices[6][(low >> 8) & 0xff] ^ slices[5][(low >> 16) & 0xff] ^ slices[4][low >> 24]
            ^ slices[3][high & 0xff] ^ slices[2][(high >> 8) & 0xff] ^ slices[1][(high >> 16) & 0xff]
            ^ slices[0][high >> 24];
    }
    for (; count; count--) crc = slices[0][(crc ^ *next++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
#define INSTRUCTION __attribute__((target("sse4.2")))
#define STEP8(crc, byte) _mm_crc32_u8((uint32_t)(crc), byte)
#define STEP64(crc, word) _mm_crc32_u64(crc, word)
#else
#define INSTRUCTION __attribute__((target("+crc")))
#define STEP8(crc, byte) __crc32cb((uint32_t)(crc), byte)
#define STEP64(crc, word) __crc32cd((uint32_t)(crc), word)
#endif

static inline uint64_t load(const unsigned char *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

static inline uint32_t shifted(uint32_t table[4][256], uint64_t crc) {
    return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^ table[3][(crc >> 24) & 0xff];
}

INSTRUCTION static uint32_t by_instruction(uint32_t start, const unsigned char *next, size_t count) {
    uint64_t crc0 = (uint32_t)~start;
    for (; count && ((uintptr_t)next & 7); count--) crc0 = STEP8(crc0, *next++);
    while (count >= LONG_RUN * 3) {
        uint64_t crc1 = 0, crc2 = 0;
        for (const unsigned char *end = next + LONG_RUN; next < end; next += 8) {
            crc0 = STEP64(crc0, load(next));
            crc1 = STEP64(crc1, load(next + LONG_RUN));
            crc2 = STEP64(crc2, load(next + 2 * LONG_RUN));
        }
        crc0 = shifted(over_long, crc0) ^ crc1;
        crc0 = shifted(over_long, crc0) ^ crc2;
        next += 2 * LONG_RUN;
        count -= 3 * LONG_RUN;
    }
    while (count >= SHORT_RUN * 3) {
        uint64_t crc1 = 0, crc2 = 0;
        for (const unsigned char *end = next + SHORT_RUN; next < end; next += 8) {
            crc0 = STEP64(crc0, load(next));
            crc1 = STEP64(crc1, load(next + SHORT_RUN));
            crc2 = STEP64(crc2, load(next + 2 * SHORT_RUN));
        }
        crc0 = shifted(over_short, crc0) ^ crc1;
        crc0 = shifted(over_short, crc0) ^ crc2;
        next += 2 * SHORT_RUN;
        count -= 3 * SHORT_RUN;
    }
    for (; count >= 8; count -= 8, next += 8) crc0 = STEP64(crc0, load(next));
    for (; count; count--) crc0 = STEP8(crc0, *next++);
    return ~(uint32_t)crc0;
}
#endif

uint32_t soma_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&once, prepare);
    return portable(crc, bytes, count);
}

uint32_t soma_crc32c(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&once, prepare);
#if defined(__x86_64__) || defined(__aarch64__)
    if (has_instruction) return by_instruction(crc, bytes, count);
#endif
    return portable(crc, bytes, count);
}

uint32_t soma_crc32c_combine(uint32_t crc_a, uint32_t crc_b, size_t count_b) {
    return over_zeros(crc_a, count_b) ^ crc_b;
}
