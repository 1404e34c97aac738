// ONNX Runtime's C API: one thread, the input and output tensors made once over memory of our own, `Run` for each call.
//
// Its functions stand in a table that only grows at the end, so a position names a function in every version since the
// first; those that are used here all belong to version 1.
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENVIRONMENT = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_EXECUTION_MODE = 13,
    SET_THREADS_WITHIN_NODES = 24,
    SET_THREADS_ACROSS_NODES = 25,
    GET_INPUT_NAME = 36,
    GET_OUTPUT_NAME = 37,
    CREATE_TENSOR_OVER_MEMORY = 49,
    CREATE_MEMORY_INFO = 69,
    GET_DEFAULT_ALLOCATOR = 78,
};
enum { LOG_ERRORS = 3, SEQUENTIAL = 0, FLOAT_TENSOR = 1, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0, VERSION = 1 };

typedef struct {
    const void *const *(*table)(uint32_t version);
    const char *(*version)(void);
} Base;

typedef void *Status;  // null is success

typedef struct {
    void *session, *memory_info;
    char *input_name, *output_name;
    void *one_input, *one_output, *all_input, *all_output;
    size_t outputs, bound_rows;
    float *rows, *results;
    const void *const *table;
    Status (*run)(void *, const void *, const char *const *, const void *const *, size_t, const char *const *, size_t,
                  void **);
    Status (*create_tensor)(const void *, void *, size_t, const int64_t *, size_t, int, void **);
} ONNXRuntime;

static const char *message(const void *const *table, Status status) {
    return ((const char *(*)(Status))table[GET_ERROR_MESSAGE])(status);
}

static Status bind(ONNXRuntime *state, size_t rows, size_t columns, void **input, void **output) {
    int64_t input_shape[2] = {(int64_t)rows, (int64_t)columns};
    int64_t output_shape[2] = {(int64_t)rows, (int64_t)state->outputs};
    Status status = state->create_tensor(state->memory_info, state->rows, rows * columns * sizeof(float), input_shape,
                                         2, FLOAT_TENSOR, input);
    if (status) return status;
    return state->create_tensor(state->memory_info, state->results, rows * state->outputs * sizeof(float),
                                output_shape, 2, FLOAT_TENSOR, output);
}

static Status run(ONNXRuntime *state, const void *input, void *output) {
    const char *input_name = state->input_name, *output_name = state->output_name;
    return state->run(state->session, NULL, &input_name, &input, 1, &output_name, 1, &output);
}

static void take(Peer *peer, const float *rows, size_t count) {
    ONNXRuntime *state = peer->state;
    memcpy(state->rows, rows, count * peer->columns * sizeof(float));
    if (count != 1 && count != state->bound_rows) {
        Status status = bind(state, count, peer->columns, &state->all_input, &state->all_output);
        if (status) fprintf(stderr, "ONNX Runtime: %s\n", message(state->table, status));
        state->bound_rows = count;
    }
}

// A classifier of two classes gives two scores, of which the last is the margin; a regressor gives one.
static double margin(Peer *peer) {
    ONNXRuntime *state = peer->state;
    Status status = run(state, state->one_input, state->one_output);
    if (status) {
        fprintf(stderr, "ONNX Runtime: %s\n", message(state->table, status));
        abort();
    }
    return (double)state->results[state->outputs - 1];
}

static void margins(Peer *peer, double *margins) {
    ONNXRuntime *state = peer->state;
    int one = peer->taken == 1;
    Status status = run(state, one ? state->one_input : state->all_input, one ? state->one_output : state->all_output);
    if (status) {
        fprintf(stderr, "ONNX Runtime: %s\n", message(state->table, status));
        abort();
    }
    for (size_t row = 0; row < peer->taken; row++) {
        margins[row] = (double)state->results[row * state->outputs + state->outputs - 1];
    }
}

static void close_peer(Peer *peer) { (void)peer; }  // its thread pool must not be taken down while others measure

static Status start(Peer *peer, ONNXRuntime *state, const char *model) {
    const void *const *table = state->table;
    void *environment, *options, *allocator;
    Status status;
    status = ((Status (*)(int, const char *, void **))table[CREATE_ENVIRONMENT])(LOG_ERRORS, "peers", &environment);
    if (status) return status;
    status = ((Status (*)(void **))table[CREATE_SESSION_OPTIONS])(&options);
    if (status) return status;
    status = ((Status (*)(void *, int))table[SET_EXECUTION_MODE])(options, SEQUENTIAL);
    if (status) return status;
    status = ((Status (*)(void *, int))table[SET_THREADS_WITHIN_NODES])(options, 1);
    if (status) return status;
    status = ((Status (*)(void *, int))table[SET_THREADS_ACROSS_NODES])(options, 1);
    if (status) return status;
    status = ((Status (*)(void *, const char *, void *, void **))table[CREATE_SESSION])(environment, model, options,
                                                                                        &state->session);
    if (status) return status;
    status = ((Status (*)(void **))table[GET_DEFAULT_ALLOCATOR])(&allocator);
    if (status) return status;
    status = ((Status (*)(void *, size_t, void *, char **))table[GET_INPUT_NAME])(state->session, 0, allocator,
                                                                                  &state->input_name);
    if (status) return status;
    status = ((Status (*)(void *, size_t, void *, char **))table[GET_OUTPUT_NAME])(state->session, 0, allocator,
                                                                                   &state->output_name);
    if (status) return status;
    status = ((Status (*)(int, int, void **))table[CREATE_MEMORY_INFO])(DEVICE_ALLOCATOR, DEFAULT_MEMORY,
                                                                        &state->memory_info);
    if (status) return status;
    // Whether the ensemble gives one score a row or two is found by trying.
    for (state->outputs = 1; state->outputs <= 2; state->outputs++) {
        status = bind(state, 1, peer->columns, &state->one_input, &state->one_output);
        if (!status) status = run(state, state->one_input, state->one_output);
        if (!status) return NULL;
    }
    return status;
}

int peer_open_onnx_runtime(Peer *peer, const char *model, const char *companion, char *problem, size_t bytes) {
    (void)companion;
    ONNXRuntime *state = peer_memory(1, sizeof(ONNXRuntime));
    const Base *(*base)(void) = (const Base *(*)(void))peer_function(peer, "OrtGetApiBase", problem, bytes);
    if (problem[0]) return 0;
    state->table = base()->table(VERSION);
    if (!state->table) {
        snprintf(problem, bytes, "the library has no version %d of its interface", VERSION);
        return 0;
    }
    state->run = (Status (*)(void *, const void *, const char *const *, const void *const *, size_t,
                             const char *const *, size_t, void **))state->table[RUN];
    state->create_tensor = (Status (*)(const void *, void *, size_t, const int64_t *, size_t, int,
                                       void **))state->table[CREATE_TENSOR_OVER_MEMORY];
    state->rows = peer_memory(peer->batch_rows * peer->columns, sizeof(float));
    state->results = peer_memory(peer->batch_rows * 2, sizeof(float));
    Status status = start(peer, state, model);
    if (status) {
        snprintf(problem, bytes, "%s", message(state->table, status));
        return 0;
    }
    peer->state = state;
    peer->take = take;
    peer->margin = margin;
    peer->margins = margins;
    peer->close = close_peer;
    return 1;
}
