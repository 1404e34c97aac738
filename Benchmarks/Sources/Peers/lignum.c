// lignum's C API, on the calling thread: its interpreter, or with a companion its compiled trees.
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

enum { RAW_SCORE = 1, ONE_JOB = 1, SERIAL = 1 };

typedef struct {
    void *model;
    double *rows;
    const char *(*last_error)(void);
    int (*load)(const char *, const char *, void **);
    int (*attach)(void *, const char *);
    int (*predict)(void *, const double *, size_t, size_t, int, int, int, double *);
    int (*free_model)(void *);
} Lignum;

static void take(Peer *peer, const float *rows, size_t count) {
    Lignum *state = peer->state;
    for (size_t cell = 0; cell < count * peer->columns; cell++) state->rows[cell] = (double)rows[cell];
}

static double margin(Peer *peer) {
    Lignum *state = peer->state;
    double result = 0;
    state->predict(state->model, state->rows, 1, peer->columns, RAW_SCORE, ONE_JOB, SERIAL, &result);
    return result;
}

static void margins(Peer *peer, double *margins) {
    Lignum *state = peer->state;
    state->predict(state->model, state->rows, peer->taken, peer->columns, RAW_SCORE, ONE_JOB, SERIAL, margins);
}

static void close_peer(Peer *peer) {
    Lignum *state = peer->state;
    state->free_model(state->model);
    free(state->rows);
    free(state);
}

int peer_open_lignum(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    Lignum *state = peer_memory(1, sizeof(Lignum));
    state->last_error = (const char *(*)(void))peer_function(peer, "LignumGetLastError", problem, bytes);
    state->load = (int (*)(const char *, const char *, void **))peer_function(peer, "LignumModelLoad", problem, bytes);
    state->attach = (int (*)(void *, const char *))peer_function(peer, "LignumModelLoadCompiled", problem, bytes);
    state->predict = (int (*)(void *, const double *, size_t, size_t, int, int, int, double *))peer_function(
        peer, "LignumModelPredict", problem, bytes);
    state->free_model = (int (*)(void *))peer_function(peer, "LignumModelFree", problem, bytes);
    if (problem[0]) return 0;
    if (state->load(model, "auto", &state->model) != 0
        || (companion && state->attach(state->model, companion) != 0)) {
        snprintf(problem, bytes, "%s", state->last_error());
        return 0;
    }
    state->rows = peer_memory(peer->batch_rows * peer->columns, sizeof(double));
    peer->state = state;
    peer->take = take;
    peer->margin = margin;
    peer->margins = margins;
    peer->close = close_peer;
    return 1;
}
