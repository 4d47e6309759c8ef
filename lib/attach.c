/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attach.h"

#include "lib/cleanup.h"
#include "lib/curl.h"
#include "lib/mux.h"
#include "lib/text.h"

#include <string.h>

enum { ROOM = 65536, MAX_HEAD = 8192, MAX_WORDS = 513 };

struct attach {
	struct curl_raw *raw;
	struct mux mux;
	struct slice input;                /* read, not yet demultiplexed; points into room */
	char words[MAX_WORDS];             /* stderr of the container */
	size_t n_words;
	char room[ROOM];
};

static bool send_request(struct attach *a, struct docker *d, const char *id,
                         struct deadline deadline, struct error *err)
{
	char head[DOCKER_HEAD_MAX];
	size_t len = docker_attach_head(d, id, head);

	return curl_raw_write(a->raw, head, len, deadline, err);
}

/*
 * Reads until the empty line; *body_at is where the stream starts in room.  Asks for more than a
 * head can have, so that no byte stays behind in TLS, where poll would not see it.
 */
static bool read_head(struct attach *a, size_t *len, size_t *body_at, struct deadline deadline,
                      struct error *err)
{
	for (*len = 0; *len < MAX_HEAD;) {
		size_t got;

		if (!curl_raw_read(a->raw, a->room + *len, ROOM - *len, &got, deadline, err))
			return false;
		if (got == 0)
			return fail_hidden(err, ERR_UNAVAILABLE,
			                   "Docker: closed before it answered");
		*len += got;

		char *end = memmem(a->room, *len, "\r\n\r\n", 4);

		if (end) {
			end[3] = '\0';
			*body_at = (size_t)(end - a->room) + 4;
			return true;
		}
	}
	return fail_hidden(err, ERR_UNAVAILABLE, "Docker: an answer's head above %d bytes",
	                   MAX_HEAD);
}

/* The status of "HTTP/1.1 101 UPGRADED"; 0 for anything else. */
static int64_t status_of(const char *head)
{
	char digits[4] = "";
	int64_t status = 0;

	if (strlen(head) < 13 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ')
		return 0;
	memcpy(digits, head + 9, 3);
	return text_int(digits, &status) ? status : 0;
}

/* Where a proxy between has dropped the Upgrade, the same bytes come behind a 200. */
static bool is_stream(int64_t status, const char *head)
{
	return status == 101
	    || (status == 200 && strcasestr(head, "\nContent-Type: application/vnd.docker.")
	        && !strcasestr(head, "\nTransfer-Encoding:"));
}

static bool upgrade(struct attach *a, struct docker *d, const char *id, struct deadline deadline,
                    struct error *err)
{
	size_t len = 0, body_at = 0;

	if (!send_request(a, d, id, deadline, err) || !read_head(a, &len, &body_at, deadline, err))
		return false;

	int64_t status = status_of(a->room);

	a->input = (struct slice){ a->room + body_at, len - body_at };
	if (is_stream(status, a->room))
		return true;
	return fail_hidden(err, status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
	                   "Docker: attach: status %lld: %.*s", (long long)status,
	                   (int)(a->input.len < MAX_WORDS ? a->input.len : MAX_WORDS), a->input.at);
}

struct attach *attach_open(struct docker *d, const char *id, struct deadline deadline,
                           struct error *err)
{
	auto_attach a = malloc(sizeof *a);

	if (!a)
		abort();
	memset(a, 0, offsetof(struct attach, room));
	a->raw = curl_raw_open(docker_curl(d), deadline, err);
	if (a->raw && upgrade(a, d, id, deadline, err))
		return steal_ptr(&a);
	fail_while(err, "attaching");
	if (err->kind == ERR_TIMEOUT)
		err->kind = ERR_UNAVAILABLE;
	return NULL;
}

void attach_close(struct attach **a)
{
	if (!*a)
		return;
	curl_raw_close(&(*a)->raw);
	free(*a);
	*a = NULL;
}

int attach_fd(const struct attach *a)
{
	return curl_raw_fd(a->raw);
}

bool attach_has_input(const struct attach *a)
{
	return a->input.len > 0;
}

bool attach_write(struct attach *a, const void *bytes, size_t len, struct deadline deadline,
                  struct error *err)
{
	return curl_raw_write(a->raw, bytes, len, deadline, err);
}

static void keep_words(struct attach *a, struct slice piece)
{
	size_t room = sizeof a->words - 1 - a->n_words;
	size_t n = piece.len < room ? piece.len : room;

	memcpy(a->words + a->n_words, piece.at, n);
	a->n_words += n;
}

/* The next run of stdout that has been read already. */
static bool next_output(struct attach *a, struct slice *out)
{
	unsigned stream;
	struct slice piece;

	while (mux_next(&a->mux, &a->input, &stream, &piece)) {
		if (stream == 1) {
			*out = piece;
			return true;
		}
		keep_words(a, piece);
	}
	return false;
}

bool attach_read(struct attach *a, struct slice *out, struct deadline deadline, struct error *err)
{
	for (bool first = true; !next_output(a, out); first = false) {
		size_t got;

		if (a->mux.broken)
			return fail_hidden(err, ERR_UNAVAILABLE,
			                   "Docker: the attach stream is garbled");
		/* Stderr without end is no reason to stay longer. */
		if (!first && deadline_passed(deadline))
			return fail_hidden(err, ERR_TIMEOUT, "nothing on stdout in time");
		if (!curl_raw_read(a->raw, a->room, sizeof a->room, &got, deadline, err))
			return false;
		a->input = (struct slice){ a->room, got };
		if (got == 0) {
			*out = (struct slice){ "", 0 };
			return true;
		}
	}
	return true;
}

const char *attach_stderr(const struct attach *a)
{
	return a->words;
}
