// LightGBM's C API: the single-row call that keeps its configuration, and the call for a matrix.
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

enum { RAW_SCORE = 1, CONTRIBUTIONS = 3, FLOAT64 = 1, ROW_MAJOR = 1 };
#define PARAMETERS "num_threads=1 verbosity=-1"

typedef struct {
    void *booster, *fast_margin, *fast_contributions;
    double *rows;
    const char *(*last_error)(void);
    int (*load)(const char *, int *, void **);
    int (*fast_prepare)(void *, int, int, int, int, int32_t, const char *, void **);
    int (*fast_predict)(void *, const void *, int64_t *, double *);
    int (*predict_matrix)(void *, const void *, int, int32_t, int32_t, int, int, int, int, const char *, int64_t *,
                          double *);
    int (*fast_free)(void *);
    int (*free_booster)(void *);
} LightGBM;

static void take(Peer *peer, const float *rows, size_t count) {
    LightGBM *state = peer->state;
    for (size_t cell = 0; cell < count * peer->columns; cell++) state->rows[cell] = (double)rows[cell];
}

static double margin(Peer *peer) {
    LightGBM *state = peer->state;
    int64_t length;
    double result = 0;
    if (state->fast_predict(state->fast_margin, state->rows, &length, &result) != 0) {
        fprintf(stderr, "LightGBM: %s\n", state->last_error());
        abort();
    }
    return result;
}

static void margins(Peer *peer, double *margins) {
    LightGBM *state = peer->state;
    int64_t length;
    if (state->predict_matrix(state->booster, state->rows, FLOAT64, (int32_t)peer->taken, (int32_t)peer->columns,
                              ROW_MAJOR, RAW_SCORE, 0, -1, PARAMETERS, &length, margins) != 0) {
        fprintf(stderr, "LightGBM: %s\n", state->last_error());
        abort();
    }
}

static int explain(Peer *peer, double *contributions) {
    LightGBM *state = peer->state;
    int64_t length;
    return state->fast_predict(state->fast_contributions, state->rows, &length, contributions) == 0;
}

static void close_peer(Peer *peer) {
    LightGBM *state = peer->state;
    state->fast_free(state->fast_margin);
    state->fast_free(state->fast_contributions);
    state->free_booster(state->booster);
    free(state->rows);
    free(state);
}

int peer_open_lightgbm(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)companion;
    LightGBM *state = peer_memory(1, sizeof(LightGBM));
    state->last_error = (const char *(*)(void))peer_function(peer, "LGBM_GetLastError", problem, bytes);
    state->load = (int (*)(const char *, int *, void **))peer_function(
        peer, "LGBM_BoosterCreateFromModelfile", problem, bytes);
    state->fast_prepare = (int (*)(void *, int, int, int, int, int32_t, const char *, void **))peer_function(
        peer, "LGBM_BoosterPredictForMatSingleRowFastInit", problem, bytes);
    state->fast_predict = (int (*)(void *, const void *, int64_t *, double *))peer_function(
        peer, "LGBM_BoosterPredictForMatSingleRowFast", problem, bytes);
    state->predict_matrix =
        (int (*)(void *, const void *, int, int32_t, int32_t, int, int, int, int, const char *, int64_t *,
                 double *))peer_function(peer, "LGBM_BoosterPredictForMat", problem, bytes);
    state->fast_free = (int (*)(void *))peer_function(peer, "LGBM_FastConfigFree", problem, bytes);
    state->free_booster = (int (*)(void *))peer_function(peer, "LGBM_BoosterFree", problem, bytes);
    if (problem[0]) return 0;
    int iterations;
    int32_t columns = (int32_t)peer->columns;
    if (state->load(model, &iterations, &state->booster) != 0
        || state->fast_prepare(state->booster, RAW_SCORE, 0, -1, FLOAT64, columns, PARAMETERS, &state->fast_margin) != 0
        || state->fast_prepare(state->booster, CONTRIBUTIONS, 0, -1, FLOAT64, columns, PARAMETERS,
                               &state->fast_contributions) != 0) {
        snprintf(problem, bytes, "%s", state->last_error());
        return 0;
    }
    state->rows = peer_memory(peer->batch_rows * peer->columns, sizeof(double));
    peer->state = state;
    peer->take = take;
    peer->margin = margin;
    peer->margins = margins;
    peer->explain = explain;
    peer->close = close_peer;
    return 1;
}
