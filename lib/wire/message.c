/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/message.h"

static unsigned get_enum(struct cursor *c, unsigned low, unsigned high)
{
	unsigned v = cursor_get_u8(c);

	if (v < low || v > high)
		c->ok = false;
	return v;
}

static size_t sealed(struct cursor *c, size_t room)
{
	return cursor_put_seal(c) ? room - c->left : 0;
}

bool sync_get(const uint8_t *in, size_t len, struct sync *m)
{
	struct cursor c = cursor_read(in, len);

	m->epoch = cursor_get_u64(&c);
	cursor_get_bytes(&c, m->nonce, sizeof m->nonce);
	m->protocol = cursor_get_u16(&c);
	m->lease_ms = cursor_get_u32(&c);
	m->idle_ms = cursor_get_u32(&c);
	m->lifetime_ms = cursor_get_u32(&c);
	m->warm_ms = cursor_get_u32(&c);
	m->cpus = cursor_get_u16(&c);
	m->preload = cursor_get_str(&c, WIRE_PRELOAD_MAX);
	return cursor_got_all(&c);
}

size_t sync_put(uint8_t *out, size_t room, const struct sync *m)
{
	struct cursor c = cursor_write(out, room);

	cursor_put_u64(&c, m->epoch);
	cursor_put_bytes(&c, m->nonce, sizeof m->nonce);
	cursor_put_u16(&c, m->protocol);
	cursor_put_u32(&c, m->lease_ms);
	cursor_put_u32(&c, m->idle_ms);
	cursor_put_u32(&c, m->lifetime_ms);
	cursor_put_u32(&c, m->warm_ms);
	cursor_put_u16(&c, m->cpus);
	cursor_put_str(&c, m->preload);
	return sealed(&c, room);
}

bool ready_get(const uint8_t *in, size_t len, struct ready *m)
{
	struct cursor c = cursor_read(in, len);

	cursor_get_bytes(&c, m->nonce, sizeof m->nonce);
	m->protocol = cursor_get_u16(&c);
	return cursor_got_all(&c);
}

size_t ready_put(uint8_t *out, size_t room, const struct ready *m)
{
	struct cursor c = cursor_write(out, room);

	cursor_put_bytes(&c, m->nonce, sizeof m->nonce);
	cursor_put_u16(&c, m->protocol);
	return sealed(&c, room);
}

bool file_get(const uint8_t *in, size_t len, struct file *m)
{
	struct cursor c = cursor_read(in, len);

	m->kind = (enum file_kind)get_enum(&c, FILE_INPUT, FILE_UNREADABLE);
	m->size = cursor_get_u64(&c);
	m->name = cursor_get_str(&c, WIRE_NAME_MAX);
	return cursor_got_all(&c);
}

size_t file_put(uint8_t *out, size_t room, const struct file *m)
{
	struct cursor c = cursor_write(out, room);

	cursor_put_u8(&c, (uint8_t)m->kind);
	cursor_put_u64(&c, m->size);
	cursor_put_str(&c, m->name);
	return sealed(&c, room);
}

bool run_get(const uint8_t *in, size_t len, struct run *m)
{
	struct cursor c = cursor_read(in, len);

	m->language = (enum run_language)get_enum(&c, RUN_PYTHON, RUN_RENDER);
	m->id = cursor_get_str(&c, WIRE_ID_MAX);
	m->limits.timeout_ms = cursor_get_u32(&c);
	m->limits.max_chars = cursor_get_u32(&c);
	m->limits.max_output_bytes = cursor_get_u64(&c);
	m->limits.max_files = cursor_get_u32(&c);
	m->limits.max_file_bytes = cursor_get_u64(&c);
	m->limits.max_files_bytes = cursor_get_u64(&c);
	m->argc = get_enum(&c, 0, WIRE_ARGV_MAX);
	for (unsigned i = 0; c.ok && i < m->argc; i++)
		m->argv[i] = cursor_get_str(&c, WIRE_ARG_MAX);
	return cursor_got_all(&c);
}

size_t run_put(uint8_t *out, size_t room, const struct run *m)
{
	struct cursor c = cursor_write(out, room);

	cursor_put_u8(&c, (uint8_t)m->language);
	cursor_put_str(&c, m->id);
	cursor_put_u32(&c, m->limits.timeout_ms);
	cursor_put_u32(&c, m->limits.max_chars);
	cursor_put_u64(&c, m->limits.max_output_bytes);
	cursor_put_u32(&c, m->limits.max_files);
	cursor_put_u64(&c, m->limits.max_file_bytes);
	cursor_put_u64(&c, m->limits.max_files_bytes);
	cursor_put_u8(&c, (uint8_t)m->argc);
	for (unsigned i = 0; i < m->argc && i < WIRE_ARGV_MAX; i++)
		cursor_put_str(&c, m->argv[i]);
	return sealed(&c, room);
}

bool run_exit_get(const uint8_t *in, size_t len, struct run_exit *m)
{
	struct cursor c = cursor_read(in, len);

	m->outcome = (enum run_outcome)get_enum(&c, RUN_EXITED, RUN_NO_START);
	m->status = cursor_get_u32(&c);
	m->oom = get_enum(&c, 0, 1);
	m->wall_us = cursor_get_u64(&c);
	m->cpu_us = cursor_get_u64(&c);
	m->peak_bytes = cursor_get_u64(&c);
	m->stdout_bytes = cursor_get_u64(&c);
	m->stdout_chars = cursor_get_u64(&c);
	m->stderr_bytes = cursor_get_u64(&c);
	m->stderr_chars = cursor_get_u64(&c);
	m->survivors = cursor_get_u32(&c);
	m->files_skipped = cursor_get_u32(&c);
	m->raised = (enum run_raised)get_enum(&c, RAISED_NOTHING, RAISED_EXIT);
	m->type = cursor_get_str(&c, WIRE_TYPE_MAX);
	m->reason = cursor_get_str(&c, WIRE_REASON_MAX);
	return cursor_got_all(&c);
}

size_t run_exit_put(uint8_t *out, size_t room, const struct run_exit *m)
{
	struct cursor c = cursor_write(out, room);

	cursor_put_u8(&c, (uint8_t)m->outcome);
	cursor_put_u32(&c, m->status);
	cursor_put_u8(&c, m->oom);
	cursor_put_u64(&c, m->wall_us);
	cursor_put_u64(&c, m->cpu_us);
	cursor_put_u64(&c, m->peak_bytes);
	cursor_put_u64(&c, m->stdout_bytes);
	cursor_put_u64(&c, m->stdout_chars);
	cursor_put_u64(&c, m->stderr_bytes);
	cursor_put_u64(&c, m->stderr_chars);
	cursor_put_u32(&c, m->survivors);
	cursor_put_u32(&c, m->files_skipped);
	cursor_put_u8(&c, (uint8_t)m->raised);
	cursor_put_str(&c, m->type);
	cursor_put_str(&c, m->reason);
	return sealed(&c, room);
}
