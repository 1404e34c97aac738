// XGBoost's C API: in-place prediction of a dense array. The configuration, the array's description (which holds its
// address) and the proxy matrix are made once; what a call repeats is the library's own.
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREDICT_MARGIN = 1, PREDICT_CONTRIBUTIONS = 2 };

typedef struct {
    void *booster, *proxy;
    float *rows;
    char one_row[256], all_rows[256];
    size_t described_rows;
    char margin[256], contributions[256];
    const char *(*last_error)(void);
    int (*create_booster)(void *const *, uint64_t, void **);
    int (*load)(void *, const char *);
    int (*set)(void *, const char *, const char *);
    int (*create_proxy)(void **);
    int (*predict_in_place)(void *, const char *, const char *, void *, const uint64_t **, uint64_t *, const float **);
    int (*create_matrix)(const char *, const char *, void **);
    int (*predict_matrix)(void *, void *, const char *, const uint64_t **, uint64_t *, const float **);
    int (*free_matrix)(void *);
    int (*free_booster)(void *);
} XGBoost;

static void describe(char *text, size_t bytes, const float *rows, size_t count, size_t columns) {
    snprintf(text, bytes, "{\"data\":[%llu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}",
             (unsigned long long)(uintptr_t)rows, count, columns);
}

static void configure(char *text, size_t bytes, int type) {
    snprintf(text, bytes, "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"missing\":NaN,"
             "\"strict_shape\":false,\"cache_id\":0}", type);
}

static void take(Peer *peer, const float *rows, size_t count) {
    XGBoost *state = peer->state;
    memcpy(state->rows, rows, count * peer->columns * sizeof(float));
    if (count != 1 && count != state->described_rows) {
        describe(state->all_rows, sizeof state->all_rows, state->rows, count, peer->columns);
        state->described_rows = count;
    }
}

static const float *predict(XGBoost *state, const char *array) {
    const uint64_t *shape;
    uint64_t dimensions;
    const float *result = NULL;
    if (state->predict_in_place(state->booster, array, state->margin, state->proxy, &shape, &dimensions, &result)) {
        fprintf(stderr, "XGBoost: %s\n", state->last_error());
        abort();
    }
    return result;
}

static double margin(Peer *peer) {
    XGBoost *state = peer->state;
    return (double)*predict(state, state->one_row);
}

static void margins(Peer *peer, double *margins) {
    XGBoost *state = peer->state;
    const float *result = predict(state, peer->taken == 1 ? state->one_row : state->all_rows);
    for (size_t row = 0; row < peer->taken; row++) margins[row] = (double)result[row];
}

static int explain(Peer *peer, double *contributions) {
    XGBoost *state = peer->state;
    void *matrix;
    const uint64_t *shape;
    uint64_t dimensions;
    const float *result;
    if (state->create_matrix(state->one_row, "{\"missing\":NaN,\"nthread\":1}", &matrix) != 0) return 0;
    int failed = state->predict_matrix(state->booster, matrix, state->contributions, &shape, &dimensions, &result);
    for (size_t at = 0; !failed && at <= peer->columns; at++) contributions[at] = (double)result[at];
    state->free_matrix(matrix);
    return !failed;
}

static void close_peer(Peer *peer) {
    XGBoost *state = peer->state;
    state->free_matrix(state->proxy);
    state->free_booster(state->booster);
    free(state->rows);
    free(state);
}

int peer_open_xgboost(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)companion;
    XGBoost *state = peer_memory(1, sizeof(XGBoost));
    state->last_error = (const char *(*)(void))peer_function(peer, "XGBGetLastError", problem, bytes);
    state->create_booster =
        (int (*)(void *const *, uint64_t, void **))peer_function(peer, "XGBoosterCreate", problem, bytes);
    state->load = (int (*)(void *, const char *))peer_function(peer, "XGBoosterLoadModel", problem, bytes);
    state->set = (int (*)(void *, const char *, const char *))peer_function(peer, "XGBoosterSetParam", problem, bytes);
    state->create_proxy = (int (*)(void **))peer_function(peer, "XGProxyDMatrixCreate", problem, bytes);
    state->predict_in_place =
        (int (*)(void *, const char *, const char *, void *, const uint64_t **, uint64_t *,
                 const float **))peer_function(peer, "XGBoosterPredictFromDense", problem, bytes);
    state->create_matrix =
        (int (*)(const char *, const char *, void **))peer_function(peer, "XGDMatrixCreateFromDense", problem, bytes);
    state->predict_matrix =
        (int (*)(void *, void *, const char *, const uint64_t **, uint64_t *, const float **))peer_function(
            peer, "XGBoosterPredictFromDMatrix", problem, bytes);
    state->free_matrix = (int (*)(void *))peer_function(peer, "XGDMatrixFree", problem, bytes);
    state->free_booster = (int (*)(void *))peer_function(peer, "XGBoosterFree", problem, bytes);
    if (problem[0]) return 0;
    if (state->create_booster(NULL, 0, &state->booster) != 0 || state->load(state->booster, model) != 0
        || state->set(state->booster, "nthread", "1") != 0 || state->create_proxy(&state->proxy) != 0) {
        snprintf(problem, bytes, "%s", state->last_error());
        return 0;
    }
    state->rows = peer_memory(peer->batch_rows * peer->columns, sizeof(float));
    describe(state->one_row, sizeof state->one_row, state->rows, 1, peer->columns);
    configure(state->margin, sizeof state->margin, PREDICT_MARGIN);
    configure(state->contributions, sizeof state->contributions, PREDICT_CONTRIBUTIONS);
    peer->state = state;
    peer->take = take;
    peer->margin = margin;
    peer->margins = margins;
    peer->explain = explain;
    peer->close = close_peer;
    return 1;
}
