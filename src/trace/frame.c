// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/frame.c: a frame of a stack as text.
 */
#include "trace_event.h"

#include <inttypes.h>
#include <string.h>

#include "util/escape.h"

const char *trace_frame_name(char buf[TRACE_FRAME_LEN], const struct symbol_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = frame->symbol ? frame->symbol : slash ? slash + 1 : frame->module;
	uint64_t offset = frame->symbol ? frame->symbol_offset : frame->module_offset;
	size_t used;

	if (!name) {
		snprintf(buf, TRACE_FRAME_LEN, frame->address ? "0x%" PRIx64 : "-", frame->address);
		return buf;
	}
	/* 20: "+0x" and 16 digits. */
	escape_text(buf, TRACE_FRAME_LEN - 20, name, "");
	used = strlen(buf);
	snprintf(buf + used, TRACE_FRAME_LEN - used, "+0x%" PRIx64, offset);
	return buf;
}
