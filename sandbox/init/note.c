/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/note.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/wire/utf8.h"

bool note_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = memfd_create("note", MFD_CLOEXEC);
	return *fd >= 0 && ftruncate(*fd, NOTE_SIZE) == 0;
}

static bool is_letter(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

static bool is_identifier(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (!is_letter(c) && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.len > 0 && utf8_is_valid(s.at, s.len);
}

void note_parse(const uint8_t bytes[static NOTE_USED], struct note *note)
{
	struct cursor modules = cursor_read(bytes + 2 + WIRE_TYPE_MAX, 4);
	struct slice type = { (const char *)bytes + 2, bytes[1] };

	*note = (struct note){ .modules = cursor_get_u32(&modules), .type = { "", 0 } };
	if (bytes[0] == RAISED_EXIT)
		note->raised = RAISED_EXIT;
	if (bytes[0] != RAISED_EXCEPTION || type.len > WIRE_TYPE_MAX || !is_identifier(type))
		return;
	note->raised = RAISED_EXCEPTION;
	note->type = type;
}

void note_read(int fd, uint8_t bytes[static NOTE_USED], struct note *note)
{
	if (fd < 0 || pread(fd, bytes, NOTE_USED, 0) != NOTE_USED)
		memset(bytes, 0, NOTE_USED);
	note_parse(bytes, note);
}
