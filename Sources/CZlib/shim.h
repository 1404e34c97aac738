#ifndef SHROFF_CZLIB_SHIM_H
#define SHROFF_CZLIB_SHIM_H
#include <zlib.h>
// zlib's initialisers are macros over these with the version and the size of the stream, which Swift can't import.
static inline int shroff_deflateInit2(z_streamp stream, int level, int windowBits) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
}
static inline int shroff_inflateInit2(z_streamp stream, int windowBits) {
    return inflateInit2(stream, windowBits);
}
#endif
