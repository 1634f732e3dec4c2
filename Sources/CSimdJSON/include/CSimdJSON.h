#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A place in a parsed document; valid until its parser parses again or goes back to the pool.
typedef struct {
    const void *document;
    size_t index;
} sj_value;

/// A position inside an array or object that is being walked.
typedef struct {
    const void *document;
    size_t index;
    size_t end;
} sj_cursor;

typedef struct sj_parser sj_parser;

/// Takes a parser from this thread's pool, or makes one. Give it back with `sj_give_back` on the same thread.
sj_parser *sj_take(void);
void sj_give_back(sj_parser *parser);

/// Parses a whole document (bytes are copied into the parser's padded buffer); 0 or a simdjson error code.
int sj_parse(sj_parser *parser, const uint8_t *bytes, size_t count, sj_value *root);
const char *sj_error_text(int code);

/// One of simdjson's tape letters: '[' '{' '"' 'l' 'u' 'd' 't' 'f' 'n'.
int sj_kind(sj_value value);
int sj_string(sj_value value, const char **bytes, size_t *count);
int sj_bool(sj_value value);
int64_t sj_int64(sj_value value);
uint64_t sj_uint64(sj_value value);
double sj_double(sj_value value);

/// Finds the first member with that name; 0 when there is none or the value is no object.
int sj_member(sj_value object, const char *name, size_t count, sj_value *found);

/// Number of elements of an array or members of an object; simdjson saturates at 0xFFFFFF.
size_t sj_count(sj_value container);

int sj_array_start(sj_value array, sj_cursor *cursor);
int sj_array_next(sj_cursor *cursor, sj_value *element);
int sj_object_start(sj_value object, sj_cursor *cursor);
int sj_object_next(sj_cursor *cursor, const char **name, size_t *count, sj_value *value);

#ifdef __cplusplus
}
#endif
#endif
