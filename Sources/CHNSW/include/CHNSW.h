#ifndef CHNSW_H
#define CHNSW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A C face of hnswlib's approximate index over unit vectors (inner product). No exception crosses it: calls that can fail
// return 0 and write a reason of at most `reason_size` bytes. One thread at a time.
typedef struct ch_index ch_index;

ch_index *ch_make(size_t dimensions, size_t capacity, char *reason, size_t reason_size);
// The file must be one that ch_save wrote, unchanged: hnswlib trusts what it reads.
ch_index *ch_load(const char *path, size_t dimensions, size_t capacity, char *reason, size_t reason_size);
int ch_save(ch_index *index, const char *path, char *reason, size_t reason_size);
void ch_free(ch_index *index);

// Adds a vector, or replaces the one with the same label.
int ch_add(ch_index *index, const float *vector, uint64_t label, char *reason, size_t reason_size);
int ch_remove(ch_index *index, uint64_t label, char *reason, size_t reason_size);
size_t ch_count(const ch_index *index);

// The nearest vectors, nearest first; returns how many were written, -1 on failure.
long ch_search(ch_index *index, const float *vector, size_t limit, uint64_t *labels, float *distances, char *reason,
               size_t reason_size);

#ifdef __cplusplus
}
#endif
#endif
