// Opening and dispatch, and what a measurement needs of the machine.
#define _GNU_SOURCE
#include "peer.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const PeerOpener openers[] = {
    [PEER_XGBOOST] = peer_open_xgboost,
    [PEER_LIGHTGBM] = peer_open_lightgbm,
    [PEER_ONNX_RUNTIME] = peer_open_onnx_runtime,
    [PEER_TL2CGEN] = peer_open_tl2cgen,
    [PEER_LLEAVES] = peer_open_lleaves,
    [PEER_CATBOOST_EXPORT] = peer_open_catboost_export,
    [PEER_LIGNUM] = peer_open_lignum,
    [PEER_LIGNUM_COMPILED] = peer_open_lignum,
};

Peer *peer_open(PeerKind kind, const char *library, const char *model, const char *companion, size_t columns,
                size_t batch_rows, char *problem, size_t problem_bytes) {
    problem[0] = 0;
    Peer *peer = peer_memory(1, sizeof(Peer));
    peer->columns = columns;
    peer->batch_rows = batch_rows;
    peer->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!peer->library) {
        snprintf(problem, problem_bytes, "%s", dlerror());
        free(peer);
        return NULL;
    }
    if (!openers[kind](peer, model, companion, problem, problem_bytes)) {
        free(peer);
        return NULL;
    }
    return peer;
}

void peer_take(Peer *peer, const float *rows, size_t count) {
    peer->taken = count;
    peer->take(peer, rows, count);
}

double peer_margin(Peer *peer) { return peer->margin(peer); }

void peer_margins(Peer *peer, double *margins) { peer->margins(peer, margins); }

int peer_explain(Peer *peer, double *contributions) {
    return peer->explain != NULL && peer->explain(peer, contributions);
}

void peer_close(Peer *peer) {
    // The library stays open: XGBoost, LightGBM and ONNX Runtime keep thread pools that outlive their handles.
    peer->close(peer);
    free(peer);
}

void *peer_function(Peer *peer, const char *name, char *problem, size_t problem_bytes) {
    void *function = dlsym(peer->library, name);
    if (!function) snprintf(problem, problem_bytes, "the library has no %s", name);
    return function;
}

void *peer_memory(size_t count, size_t element_bytes) {
    size_t bytes = (count * element_bytes + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    if (!memory) abort();
    memset(memory, 0, bytes);
    return memory;
}

void peers_evict(const unsigned char *memory, size_t bytes) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t at = 0; at < bytes; at += 64) (void)((const volatile unsigned char *)memory)[at];
    }
}

int peers_pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

long peers_involuntary_switches(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nivcsw;
}

double peers_ticks_per_second(void) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint64_t first = peers_ticks();
    double seconds;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        seconds = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) * 1e-9;
    } while (seconds < 0.2);
    return (double)(peers_ticks() - first) / seconds;
}
