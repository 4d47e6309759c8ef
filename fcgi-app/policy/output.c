/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/output.h"

#include "lib/text.h"

#include <inttypes.h>
#include <string.h>

enum { CHAR_MAX_BYTES = 4, MARK_MAX = 256, FILES_FIRST = 16 };

static const char octets[] = "application/octet-stream";

static void put_char(struct decoded *d, const char *bytes, size_t len)
{
	if (d->chars < d->max)
		buf_append(d->to, bytes, len);
	d->chars += d->chars < d->max;
	d->n_pending = 0;
}

static void put_bad(struct decoded *d)
{
	put_char(d, "\xef\xbf\xbd", 3);
}

static void put_byte(struct decoded *d, uint8_t byte)
{
	enum utf8_step step = utf8_step(&d->state, byte);

	if (step == UTF8_BAD_BEFORE) {
		put_bad(d);
		step = utf8_step(&d->state, byte);
	}
	if (step == UTF8_BAD) {
		put_bad(d);
		return;
	}
	if (d->n_pending < sizeof d->pending)
		d->pending[d->n_pending++] = (char)byte;
	if (step == UTF8_CHAR)
		put_char(d, d->pending, d->n_pending);
}

/* Plain ASCII goes in one piece. */
static size_t put_ascii(struct decoded *d, const uint8_t *bytes, size_t len)
{
	uint64_t room = d->max - d->chars;
	size_t n = 0;

	while (n < len && n < room && bytes[n] < 0x80)
		n++;
	if (n > 0)
		buf_append(d->to, bytes, n);
	d->chars += n;
	return n;
}

void decoded_append(struct decoded *d, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && d->chars < d->max;) {
		size_t n = d->n_pending == 0 ? put_ascii(d, bytes + i, len - i) : 0;

		i += n;
		if (n == 0)
			put_byte(d, bytes[i++]);
	}
}

void decoded_finish(struct decoded *d)
{
	if (utf8_finish(&d->state))
		put_bad(d);
}

struct run_limits output_limits(const struct config *c, int64_t timeout_s)
{
	return (struct run_limits){
		.timeout_ms = (uint32_t)(timeout_s * 1000),
		.max_chars = (uint32_t)c->max_output_chars,
		.max_output_bytes = (uint64_t)c->sandbox_max_output_bytes,
		.max_files = (uint32_t)c->max_output_files,
		.max_file_bytes = (uint64_t)c->max_output_file_size,
		.max_files_bytes = (uint64_t)c->max_output_total_size,
	};
}

void collector_init(struct collector *k, const struct config *c, struct arena *arena,
                    struct result *r)
{
	size_t text_max = (size_t)c->max_output_chars * CHAR_MAX_BYTES + MARK_MAX;

	r->stdout_text = (struct buf)BUF_INIT(text_max);
	r->stderr_text = (struct buf)BUF_INIT(text_max);
	r->content = (struct buf)BUF_INIT((size_t)c->max_output_total_size);
	*k = (struct collector){
		.config = c,
		.limits = output_limits(c, 0),
		.arena = arena,
		.result = r,
		.out = { .to = &r->stdout_text, .max = (uint64_t)c->max_output_chars },
		.err = { .to = &r->stderr_text, .max = (uint64_t)c->max_output_chars },
		.tail = BUF_INIT(WIRE_TAIL),
	};
}

static bool broken(struct error *err, const char *what)
{
	return fail_hidden(err, ERR_INTERNAL, "the sandbox sent %s", what);
}

static struct output_file *next_file(struct collector *k)
{
	struct result *r = k->result;

	if (r->n_files == k->room) {
		size_t room = k->room == 0 ? FILES_FIRST : k->room * 2;
		struct output_file *files = arena_alloc(k->arena, room * sizeof files[0]);

		if (r->n_files > 0)
			memcpy(files, r->files, r->n_files * sizeof files[0]);
		r->files = files;
		k->room = room;
	}
	return &r->files[r->n_files++];
}

/* NULL for FILE_OUTPUT, whose content comes; "" for a kind that may not come from a sandbox. */
static const char *file_error(struct collector *k, const struct file *file)
{
	switch (file->kind) {
	case FILE_OUTPUT:
		return NULL;
	case FILE_LINK:
		return "Symlink outputs are not supported";
	case FILE_TOO_LARGE:
		return arena_printf(k->arena, "File too large (%" PRIu64 " bytes, max %" PRId64 ")",
		                    file->size, (int64_t)k->limits.max_file_bytes);
	case FILE_OVER_TOTAL:
		return "Total file size limit exceeded";
	case FILE_UNREADABLE:
		return "Output file could not be read";
	case FILE_INPUT:
	case FILE_CODE:
		break;
	}
	return "";
}

static bool take_file(struct collector *k, const struct frame *frame, struct error *err)
{
	struct file file;

	if (!file_get(frame->payload, frame->length, &file) || file.name.len == 0
	    || k->current != NULL)
		return broken(err, "a FILE out of place");
	if (k->result->n_files >= k->limits.max_files || file.size > INT64_MAX)
		return broken(err, "more files than it may");

	const char *error = file_error(k, &file);
	uint64_t left = k->limits.max_files_bytes - k->content_len;

	if (error != NULL && *error == '\0')
		return broken(err, "a FILE of a kind of ours");
	if (error == NULL && (file.size > k->limits.max_file_bytes || file.size > left))
		return broken(err, "a larger file than it may");

	struct output_file *out = next_file(k);

	*out = (struct output_file){
		.name = arena_copy(k->arena, file.name),
		.size = (int64_t)file.size,
		.mime_type = error == NULL ? mime_type_of(file.name) : octets,
		.error = error,
		.at = k->content_len,
	};
	k->current = error == NULL ? out : NULL;
	return true;
}

/* A file that shrank while it was read is as long as what came of it. */
static bool take_data(struct collector *k, const struct frame *frame, struct error *err)
{
	struct output_file *file = k->current;

	if (file == NULL)
		return broken(err, "DATA of no file");
	if (frame->length == 0) {
		file->size = (int64_t)file->len;
		k->current = NULL;
		return true;
	}
	if (frame->length > (uint64_t)file->size - file->len)
		return broken(err, "more DATA than it said");
	file->len += frame->length;
	k->content_len += frame->length;
	if (k->spool != NULL)
		return spool_append(k->spool, frame->payload, frame->length, err);
	buf_append(&k->result->content, frame->payload, frame->length);
	return true;
}

static bool take_exit(struct collector *k, const struct frame *frame, struct error *err)
{
	struct run_exit *e = &k->result->exit;

	if (!run_exit_get(frame->payload, frame->length, e) || k->current != NULL)
		return broken(err, "an EXIT that is none");
	e->type = arena_copy(k->arena, e->type);
	e->reason = arena_copy(k->arena, e->reason);
	k->result->files_skipped = e->files_skipped;
	k->done = true;
	return true;
}

bool collector_take(struct collector *k, const struct frame *frame, struct error *err)
{
	switch (frame->type) {
	case FRAME_STDOUT:
		decoded_append(&k->out, frame->payload, frame->length);
		return true;
	case FRAME_STDERR:
		decoded_append(&k->err, frame->payload, frame->length);
		return true;
	case FRAME_TAIL:
		buf_reset(&k->tail);
		buf_append(&k->tail, frame->payload, frame->length);
		return true;
	case FRAME_FILE:
		return take_file(k, frame, err);
	case FRAME_DATA:
		return take_data(k, frame, err);
	case FRAME_EXIT:
		return take_exit(k, frame, err);
	case FRAME_READY:
	case FRAME_BYE:
		return fail_hidden(err, ERR_CONFLICT,
		                   "the sandbox has turned to someone else, or is ending");
	case FRAME_SYNC:
	case FRAME_RUN:
	case FRAME_LEASE:
	case FRAME_CANCEL:
		break;
	}
	return broken(err, "a frame of ours");
}

static void finish_text(struct decoded *d, uint64_t total)
{
	decoded_finish(d);
	if (total > d->max)
		buf_printf(d->to,
		           "\n\n... [OUTPUT TRUNCATED \xe2\x80\x94 %" PRIu64
		           " chars total, showing first %" PRIu64 "]",
		           total, d->max);
}

/* A file whose end never came is not told of. */
void collector_finish(struct collector *k)
{
	if (k->current != NULL) {
		k->result->n_files--;
		k->content_len = k->current->at;
		if (k->spool == NULL)
			k->result->content.len = k->content_len;
		k->current = NULL;
	}
	finish_text(&k->out, k->result->exit.stdout_chars);
	finish_text(&k->err, k->result->exit.stderr_chars);
}

void collector_end(struct collector *k)
{
	buf_finish(&k->tail);
}

/* Skips what is left of a character that the cut went through. */
static struct slice at_character(struct slice s)
{
	for (int i = 0; i < 3 && s.len > 0 && ((uint8_t)*s.at & 0xc0) == 0x80; i++)
		s = (struct slice){ s.at + 1, s.len - 1 };
	return s;
}

/* The last max characters of well-formed text. */
static struct slice last_chars(struct slice s, size_t max)
{
	size_t at = s.len;

	for (; at > 0 && max > 0; max--)
		do
			at--;
		while (at > 0 && ((uint8_t)s.at[at] & 0xc0) == 0x80);
	return (struct slice){ s.at + at, s.len - at };
}

/* A C string cannot hold U+0000: it becomes U+FFFD. */
static const char *c_string(struct arena *arena, struct slice s)
{
	char *out = arena_alloc(arena, s.len * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] != '\0') {
			out[n++] = s.at[i];
			continue;
		}
		memcpy(out + n, "\xef\xbf\xbd", 3);
		n += 3;
	}
	return out;
}

const char *collector_end_of(struct collector *k, struct slice text)
{
	size_t max = (size_t)k->config->max_error_chars;

	return c_string(k->arena, text_strip(last_chars(text_strip(text), max)));
}

const char *collector_error_text(struct collector *k)
{
	auto_buf text = BUF_INIT(WIRE_TAIL * 3 + MARK_MAX);
	struct decoded d = { .to = &text, .max = UINT64_MAX };
	struct slice s = buf_slice(&k->result->stderr_text);

	if (k->result->exit.stderr_chars > k->err.max) {
		s = at_character(buf_slice(&k->tail));
		decoded_append(&d, (const uint8_t *)s.at, s.len);
		decoded_finish(&d);
		s = buf_slice(&text);
	}
	return collector_end_of(k, s);
}
