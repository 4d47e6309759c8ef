/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in and out.  In: a scan of the raw bytes decides whether the text is RFC 8259 as we take
 * it, and only then cJSON builds the tree.  Strings are unescaped where they lie, in the text
 * itself, and the tree only refers to them, so a 32 MiB upload costs no second copy and U+0000
 * cuts nothing.  Out: a writer into a buf.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/arena.h"
#include "lib/buf.h"

enum {
	JSON_DEPTH_MAX = 32,
	JSON_NODES_MAX = 20000,
	JSON_NODES_PEER = 1000000,         /* of a peer of ours */
	JSON_KEYS_MAX = 64,                /* of one object */
	JSON_KEY_MAX = 1024,               /* bytes of a name, as written; U+0000 is refused in one */
	JSON_NUMBER_MAX = 1024,            /* bytes of a number */
};

/* The text of the fault of bytes that are no text at all. */
#define JSON_NOT_UTF8 "Invalid UTF-8"

/* Why a text is no JSON, in the words of Python's decoder (contract 1.5.2). */
struct json_fault {
	const char *text;                  /* "Expecting value", "Duplicate key", ... */
	size_t offset;                     /* of the code point, from 0 */
};

struct json_doc;                           /* the tree; ends by json_close */
struct json;                               /* a node of one, as long as the doc and its text */

#define auto_json __attribute__((cleanup(json_close))) struct json_doc *

/* NULL and *fault when it is no JSON.  Changes text (see above); a BOM is skipped. */
struct json_doc *json_parse(char *text, size_t len, struct json_fault *fault);
/* The same of a peer that means no harm: any number of keys, many nodes; duplicates may pass. */
struct json_doc *json_parse_peer(char *text, size_t len, struct json_fault *fault);
void json_close(struct json_doc **doc);    /* *doc may be NULL */
const struct json *json_root(const struct json_doc *doc);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_type json_type(const struct json *node);
/* NULL when absent; names are compared exactly.  node may be NULL or no object. */
const struct json *json_member(const struct json *node, const char *name);
const struct json *json_item(const struct json *node, size_t i);   /* O(i); walk with json_next */
const struct json *json_first(const struct json *node);    /* child of an array or object */
const struct json *json_next(const struct json *node);
const char *json_name(const struct json *node);            /* of an object's member */
size_t json_count(const struct json *node);
bool json_true(const struct json *node);
/* A number's value, the nearest double; inf above DBL_MAX.  0 for no number. */
double json_double(const struct json *node);
/* True for a number written without fraction and exponent that fits. */
bool json_integer(const struct json *node, int64_t *out);
/* A string's bytes, any length, U+0000 included; always valid UTF-8, with a NUL behind. */
struct slice json_string(const struct json_doc *doc, const struct json *node);

/* ---- out: values and members in the order they are put; commas are the writer's business */

struct json_out {
	struct buf *to;
	bool comma;                        /* one is due before the next value */
};

void json_begin(struct json_out *o, char bracket);         /* '{' or '[' */
void json_end(struct json_out *o, char bracket);           /* '}' or ']' */
void json_key(struct json_out *o, const char *name);
/* A whole member: the name, and what json_put_str, _int or _bool make of the value; a list of texts. */
void json_key_str(struct json_out *o, const char *name, const char *s);
void json_key_int(struct json_out *o, const char *name, int64_t n);
void json_key_bool(struct json_out *o, const char *name, bool b);
void json_key_strs(struct json_out *o, const char *name, const char *const *list);  /* NULL ends it */
/* Escapes; ill-formed UTF-8 becomes U+FFFD; non-ASCII stays as it is. */
void json_put_text(struct json_out *o, struct slice s);
void json_put_str(struct json_out *o, const char *s);      /* NULL puts null */
void json_put_int(struct json_out *o, int64_t n);
void json_put_fixed(struct json_out *o, double n, int decimals);   /* rounded, trimmed: 2.0, 0.0312 */
void json_put_double(struct json_out *o, double n);        /* as Python: 2.0, 0.1, 1e+16 */
void json_put_literal(struct json_out *o, const char *text);       /* as it is: the caller vouches */
void json_put_bool(struct json_out *o, bool b);
void json_put_null(struct json_out *o);
void json_put_base64(struct json_out *o, const void *bytes, size_t len);
void json_put_number(struct json_out *o, const struct json *node); /* integers digit for digit */
/*
 * A parsed node again, as Python would print it, cut to max bytes of output: longer strings end in
 * "...", longer trees are null.
 */
void json_put_node(struct json_out *o, const struct json_doc *doc, const struct json *node,
                   size_t max);
void json_put_beginning(struct json_out *o, struct slice s, size_t max);   /* of a text, the same */

#endif
