// Forests that were compiled to machine code ahead of the measurement: by TL2cgen and gcc, by lleaves and LLVM, and
// CatBoost's own export to C++. The compiled model is the library.
#include "peer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A cell as TL2cgen's code reads it: the number, or -1 as an integer for missing. Whether the number is a float or a
// double depends on the model, and with it the stride.
typedef union {
    int missing;
    float value;
} NarrowCell;

typedef union {
    int missing;
    double value;
} WideCell;

typedef struct {
    int wide;
    NarrowCell *narrow_cells;
    WideCell *wide_cells;
    double *rows;
    float *narrow_rows;
    void (*narrow_predict)(NarrowCell *, int, float *);
    void (*wide_predict)(WideCell *, int, double *);
    void (*forest_root)(const double *, double *, int, int);
    double (*catboost)(const float *, unsigned);
} Compiled;

static void close_peer(Peer *peer) {
    Compiled *state = peer->state;
    free(state->narrow_cells);
    free(state->wide_cells);
    free(state->rows);
    free(state->narrow_rows);
    free(state);
}

static void tl2cgen_take(Peer *peer, const float *rows, size_t count) {
    Compiled *state = peer->state;
    for (size_t cell = 0; cell < count * peer->columns; cell++) {
        if (state->wide) {
            if (isnan(rows[cell])) state->wide_cells[cell].missing = -1;
            else state->wide_cells[cell].value = (double)rows[cell];
        } else {
            if (isnan(rows[cell])) state->narrow_cells[cell].missing = -1;
            else state->narrow_cells[cell].value = rows[cell];
        }
    }
}

static inline double tl2cgen_score(Compiled *state, size_t first_cell) {
    if (state->wide) {
        double result = 0;
        state->wide_predict(state->wide_cells + first_cell, 1, &result);
        return result;
    }
    float result = 0;
    state->narrow_predict(state->narrow_cells + first_cell, 1, &result);
    return (double)result;
}

static double tl2cgen_margin(Peer *peer) { return tl2cgen_score(peer->state, 0); }

static void tl2cgen_margins(Peer *peer, double *margins) {
    for (size_t row = 0; row < peer->taken; row++) margins[row] = tl2cgen_score(peer->state, row * peer->columns);
}

int peer_open_tl2cgen(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)model, (void)companion;
    Compiled *state = peer_memory(1, sizeof(Compiled));
    const char *(*type)(void) = (const char *(*)(void))peer_function(peer, "get_threshold_type", problem, bytes);
    void *predict = peer_function(peer, "predict", problem, bytes);
    if (problem[0]) return 0;
    state->wide = strcmp(type(), "float64") == 0;
    state->narrow_predict = (void (*)(NarrowCell *, int, float *))predict;
    state->wide_predict = (void (*)(WideCell *, int, double *))predict;
    state->narrow_cells = peer_memory(peer->batch_rows * peer->columns, sizeof(NarrowCell));
    state->wide_cells = peer_memory(peer->batch_rows * peer->columns, sizeof(WideCell));
    peer->state = state;
    peer->take = tl2cgen_take;
    peer->margin = tl2cgen_margin;
    peer->margins = tl2cgen_margins;
    peer->close = close_peer;
    return 1;
}

static void lleaves_take(Peer *peer, const float *rows, size_t count) {
    Compiled *state = peer->state;
    for (size_t cell = 0; cell < count * peer->columns; cell++) state->rows[cell] = (double)rows[cell];
}

static double lleaves_margin(Peer *peer) {
    Compiled *state = peer->state;
    double result = 0;
    state->forest_root(state->rows, &result, 0, 1);
    return result;
}

static void lleaves_margins(Peer *peer, double *margins) {
    Compiled *state = peer->state;
    memset(margins, 0, peer->taken * sizeof(double));
    state->forest_root(state->rows, margins, 0, (int)peer->taken);
}

int peer_open_lleaves(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)model, (void)companion;
    Compiled *state = peer_memory(1, sizeof(Compiled));
    state->forest_root =
        (void (*)(const double *, double *, int, int))peer_function(peer, "forest_root", problem, bytes);
    if (problem[0]) return 0;
    state->rows = peer_memory(peer->batch_rows * peer->columns, sizeof(double));
    peer->state = state;
    peer->take = lleaves_take;
    peer->margin = lleaves_margin;
    peer->margins = lleaves_margins;
    peer->close = close_peer;
    return 1;
}

static void catboost_take(Peer *peer, const float *rows, size_t count) {
    Compiled *state = peer->state;
    memcpy(state->narrow_rows, rows, count * peer->columns * sizeof(float));
}

static double catboost_margin(Peer *peer) {
    Compiled *state = peer->state;
    return state->catboost(state->narrow_rows, (unsigned)peer->columns);
}

static void catboost_margins(Peer *peer, double *margins) {
    Compiled *state = peer->state;
    for (size_t row = 0; row < peer->taken; row++) {
        margins[row] = state->catboost(state->narrow_rows + row * peer->columns, (unsigned)peer->columns);
    }
}

int peer_open_catboost_export(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)model, (void)companion;
    Compiled *state = peer_memory(1, sizeof(Compiled));
    state->catboost = (double (*)(const float *, unsigned))peer_function(peer, "exported_margin", problem, bytes);
    if (problem[0]) return 0;
    state->narrow_rows = peer_memory(peer->batch_rows * peer->columns, sizeof(float));
    peer->state = state;
    peer->take = catboost_take;
    peer->margin = catboost_margin;
    peer->margins = catboost_margins;
    peer->close = close_peer;
    return 1;
}
