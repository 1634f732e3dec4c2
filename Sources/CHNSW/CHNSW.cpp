#include "CHNSW.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <queue>
#include <string>
#include <utility>

#include <hnswlib/hnswlib.h>

namespace {
// Neighbours per vector and candidates looked at while adding: hnswlib's own advice for text vectors.
constexpr size_t kNeighbours = 16;
constexpr size_t kConstruction = 128;
constexpr size_t kSearchMin = 64;

void tell(char *reason, size_t size, const char *text) {
    if (size == 0) return;
    std::strncpy(reason, text, size - 1);
    reason[size - 1] = 0;
}
}  // namespace

struct ch_index {
    hnswlib::InnerProductSpace space;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
    explicit ch_index(size_t dimensions) : space(dimensions) {}
};

ch_index *ch_make(size_t dimensions, size_t capacity, char *reason, size_t reason_size) {
    try {
        auto index = std::make_unique<ch_index>(dimensions);
        index->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(&index->space, std::max<size_t>(capacity, 1),
                                                                         kNeighbours, kConstruction);
        return index.release();
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return nullptr;
    }
}

ch_index *ch_load(const char *path, size_t dimensions, size_t capacity, char *reason, size_t reason_size) {
    try {
        auto index = std::make_unique<ch_index>(dimensions);
        index->graph =
            std::make_unique<hnswlib::HierarchicalNSW<float>>(&index->space, std::string(path), false, capacity);
        return index.release();
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return nullptr;
    }
}

int ch_save(ch_index *index, const char *path, char *reason, size_t reason_size) {
    try {
        index->graph->saveIndex(path);
        return 1;
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return 0;
    }
}

void ch_free(ch_index *index) { delete index; }

int ch_add(ch_index *index, const float *vector, uint64_t label, char *reason, size_t reason_size) {
    try {
        auto &graph = *index->graph;
        if (graph.cur_element_count >= graph.max_elements_) graph.resizeIndex(graph.max_elements_ * 2);
        graph.addPoint(vector, label);
        return 1;
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return 0;
    }
}

int ch_remove(ch_index *index, uint64_t label, char *reason, size_t reason_size) {
    try {
        index->graph->markDelete(label);
        return 1;
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return 0;
    }
}

size_t ch_count(const ch_index *index) { return index->graph->cur_element_count; }

long ch_search(ch_index *index, const float *vector, size_t limit, uint64_t *labels, float *distances, char *reason,
               size_t reason_size) {
    try {
        auto &graph = *index->graph;
        limit = std::min<size_t>(limit, graph.cur_element_count);
        if (limit == 0) return 0;
        graph.setEf(std::max(limit * 2, kSearchMin));
        auto found = graph.searchKnn(vector, limit);
        long count = static_cast<long>(found.size());
        for (long place = count - 1; place >= 0; place--) {
            labels[place] = found.top().second;
            distances[place] = found.top().first;
            found.pop();
        }
        return count;
    } catch (const std::exception &error) {
        tell(reason, reason_size, error.what());
        return -1;
    }
}
