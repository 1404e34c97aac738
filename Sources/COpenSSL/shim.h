#ifndef SHROFF_COPENSSL_SHIM_H
#define SHROFF_COPENSSL_SHIM_H
// The block-level SHA-256 calls are deprecated in 3.0 in favour of EVP, whose fetch and allocation a context cost
// more than the hash of a short identifier. They are what a precomputed HMAC key needs, and they stay in the 3.x ABI.
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What the headers say by macros that cannot be imported.
static const uint64_t SHROFF_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t SHROFF_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t SHROFF_SSL_OP_IGNORE_UNEXPECTED_EOF = SSL_OP_IGNORE_UNEXPECTED_EOF;
static const uint64_t SHROFF_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t SHROFF_SSL_OP_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;
static const unsigned long SHROFF_XN_FLAG_RFC2253 = XN_FLAG_RFC2253;
#endif
