// A peer from within: its functions, and the state that they share.
#ifndef SHROFF_PEER_H
#define SHROFF_PEER_H

#include "peers.h"

struct Peer {
    void *library;
    void *state;
    size_t columns;
    size_t batch_rows;
    size_t taken;
    void (*take)(Peer *, const float *rows, size_t count);
    double (*margin)(Peer *);
    void (*margins)(Peer *, double *margins);
    int (*explain)(Peer *, double *contributions);  // null when there is none
    void (*close)(Peer *);
};

/// Fills in the functions and the state. True on success; else a line of text in `problem`.
typedef int (*PeerOpener)(Peer *peer, const char *model, const char *companion, char *problem, size_t problem_bytes);

int peer_open_xgboost(Peer *, const char *, const char *, char *, size_t);
int peer_open_lightgbm(Peer *, const char *, const char *, char *, size_t);
int peer_open_onnx_runtime(Peer *, const char *, const char *, char *, size_t);
int peer_open_tl2cgen(Peer *, const char *, const char *, char *, size_t);
int peer_open_lleaves(Peer *, const char *, const char *, char *, size_t);
int peer_open_catboost_export(Peer *, const char *, const char *, char *, size_t);
int peer_open_lignum(Peer *, const char *, const char *, char *, size_t);

/// Looks a function up in the peer's library; on failure names it in `problem` and returns null.
void *peer_function(Peer *peer, const char *name, char *problem, size_t problem_bytes);

/// Memory for `count` elements on a cache line's boundary, zeroed. Never null: the program ends without memory.
void *peer_memory(size_t count, size_t element_bytes);

#endif
