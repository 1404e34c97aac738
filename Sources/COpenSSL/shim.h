#ifndef SHROFF_COPENSSL_SHIM_H
#define SHROFF_COPENSSL_SHIM_H
// The block-level SHA-256 calls are deprecated in 3.0 in favour of EVP, whose fetch and allocation a context cost
// more than the hash of a short identifier. They are what a precomputed HMAC key needs, and they stay in the 3.x ABI.
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#endif
