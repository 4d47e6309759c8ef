/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes before a RUN: the source in a memfd, input files in a directory of HOME that nobody
 * sees, from which all of them are renamed into place, or none.  A full disk is not an error of
 * the conversation: it is remembered until inbox_deliver.
 */
#ifndef SANDBOX_INIT_INBOX_H
#define SANDBOX_INIT_INBOX_H

#include "lib/wire/message.h"

enum {
	INBOX_FILES = 1024,                /* above what any gateway lets in */
	INBOX_NAMES = INBOX_FILES * WIRE_NAME_MAX,         /* bytes of all names together */
	INBOX_CODE_MAX = 8 << 20,
};

struct inbox_file {
	uint32_t made;                     /* bit d: the parent of depth d did not exist */
	char *name;                        /* ends with NUL, in names */
};

struct inbox {
	int home;
	int stage;                         /* the hidden directory, -1: none yet */
	bool has_code;
	int code;                          /* memfd, -1: none came, or it could not be kept */
	int open;                          /* takes the DATA, -1: they are thrown away */
	bool expecting;                    /* DATA of a file are under way */
	uint64_t left;                     /* of its announced size */
	int error;                         /* errno of the first file that could not be kept */
	unsigned n;
	size_t used;                       /* of names */
	struct inbox_file files[INBOX_FILES];
	char names[INBOX_NAMES];
};

/* home: the directory user code calls HOME; open for as long as the inbox. */
void inbox_init(struct inbox *b, int home);

/* False when the frame has no place here. */
bool inbox_begin_file(struct inbox *b, const struct file *file);
bool inbox_data(struct inbox *b, const uint8_t *in, size_t len);
bool inbox_has_code(const struct inbox *b);   /* and nothing else is still coming */

/* Puts the files where they belong; on failure nothing changed, and reason says why. */
bool inbox_deliver(struct inbox *b, char *reason, size_t room);

/* Drops everything that came. */
void inbox_clear(struct inbox *b);

#endif
