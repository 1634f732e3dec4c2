#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// Continues a CRC-32C (Castagnoli) over more bytes; start with 0. Uses SSE4.2 or the ARMv8 CRC instructions when the
/// processor has them, else slicing by eight.
uint32_t soma_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The portable way, whatever the processor can do: for tests that compare the two.
uint32_t soma_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/// The CRC-32C of A followed by B, from the checksums of both and B's length; O(log length).
uint32_t soma_crc32c_combine(uint32_t crc_a, uint32_t crc_b, size_t count_b);

#endif
