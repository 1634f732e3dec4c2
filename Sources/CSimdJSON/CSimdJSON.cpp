#include "CSimdJSON.h"

#include <cstring>
#include <memory>
#include <simdjson.h>
#include <vector>

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct sj_parser {
    simdjson::dom::parser parser;
};

namespace {

constexpr size_t maximumDepth = 128;          // deeper documents are refused, not followed
constexpr size_t keptCapacity = 1 << 20;      // a parser that grew past this is freed, not pooled
constexpr size_t pooledParsers = 4;           // nesting of parses on one thread
constexpr size_t maximumBytes = 64u << 20;

thread_local std::vector<std::unique_ptr<sj_parser>> pool;

static_assert(sizeof(element) == sizeof(sj_value), "an element is a document and an index");

element load(sj_value value) {
    element result;
    std::memcpy(static_cast<void *>(&result), &value, sizeof value);
    return result;
}

sj_value store(const element &value) {
    sj_value result;
    std::memcpy(&result, static_cast<const void *>(&value), sizeof result);
    return result;
}

}  // namespace

extern "C" {

sj_parser *sj_take(void) {
    if (!pool.empty()) {
        sj_parser *parser = pool.back().release();
        pool.pop_back();
        return parser;
    }
    auto *made = new sj_parser{simdjson::dom::parser(maximumBytes)};
    (void)made->parser.allocate(4096, maximumDepth);
    return made;
}

void sj_give_back(sj_parser *parser) {
    std::unique_ptr<sj_parser> owned(parser);
    if (pool.size() < pooledParsers && owned->parser.capacity() <= keptCapacity) pool.push_back(std::move(owned));
}

int sj_parse(sj_parser *parser, const uint8_t *bytes, size_t count, sj_value *root) {
    // Capacity is grown here because simdjson's own growth would reset the depth bound to its default.
    if (count > parser->parser.capacity()) {
        if (count > maximumBytes) return simdjson::CAPACITY;
        auto error = parser->parser.allocate(count + count / 2, maximumDepth);
        if (error) return error;
    }
    element value;
    auto error = parser->parser.parse(bytes, count, true).get(value);
    if (error) return error;
    *root = store(value);
    return 0;
}

const char *sj_error_text(int code) {
    return simdjson::error_message(static_cast<simdjson::error_code>(code));
}

int sj_kind(sj_value value) { return static_cast<int>(load(value).type()); }

int sj_string(sj_value value, const char **bytes, size_t *count) {
    std::string_view text;
    if (load(value).get(text)) return 0;
    *bytes = text.data();
    *count = text.size();
    return 1;
}

int sj_bool(sj_value value) {
    bool truth = false;
    (void)load(value).get(truth);
    return truth;
}

int64_t sj_int64(sj_value value) {
    int64_t number = 0;
    (void)load(value).get(number);
    return number;
}

uint64_t sj_uint64(sj_value value) {
    uint64_t number = 0;
    (void)load(value).get(number);
    return number;
}

double sj_double(sj_value value) {
    double number = 0;
    (void)load(value).get(number);
    return number;
}

int sj_member(sj_value value, const char *name, size_t count, sj_value *found) {
    object members;
    if (load(value).get(members)) return 0;
    element member;
    if (members.at_key(std::string_view(name, count)).get(member)) return 0;
    *found = store(member);
    return 1;
}

size_t sj_count(sj_value value) {
    object members;
    if (!load(value).get(members)) return members.size();
    array elements;
    if (!load(value).get(elements)) return elements.size();
    return 0;
}

int sj_array_start(sj_value value, sj_cursor *cursor) {
    array elements;
    if (load(value).get(elements)) return 0;
    auto begin = elements.begin();
    auto end = elements.end();
    sj_value first = store(*begin), last = store(*end);
    *cursor = {first.document, first.index, last.index};
    return 1;
}

int sj_array_next(sj_cursor *cursor, sj_value *found) {
    if (cursor->index >= cursor->end) return 0;
    sj_value here{cursor->document, cursor->index};
    *found = here;
    array::iterator position;
    std::memcpy(static_cast<void *>(&position), &here, sizeof here);
    ++position;
    cursor->index = store(*position).index;
    return 1;
}

int sj_object_start(sj_value value, sj_cursor *cursor) {
    object members;
    if (load(value).get(members)) return 0;
    sj_value first, last;
    auto begin = members.begin();
    auto end = members.end();
    static_assert(sizeof begin == sizeof first, "an object iterator is a document and an index");
    std::memcpy(&first, static_cast<const void *>(&begin), sizeof first);
    std::memcpy(&last, static_cast<const void *>(&end), sizeof last);
    *cursor = {first.document, first.index, last.index};
    return 1;
}

int sj_object_next(sj_cursor *cursor, const char **name, size_t *count, sj_value *found) {
    if (cursor->index >= cursor->end) return 0;
    sj_value here{cursor->document, cursor->index};
    object::iterator position;
    std::memcpy(static_cast<void *>(&position), &here, sizeof here);
    std::string_view key = position.key();
    *name = key.data();
    *count = key.size();
    *found = store(position.value());
    ++position;
    std::memcpy(&here, static_cast<const void *>(&position), sizeof here);
    cursor->index = here.index;
    return 1;
}

}  // extern "C"
