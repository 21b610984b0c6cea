/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/message.h: appends protobuf messages to a buffer. The fields of a message can be written one
 * by one, so a large one is never in memory as a tree: its parts are packed as they come.
 */
#ifndef PFSTAT_UTIL_MESSAGE_H
#define PFSTAT_UTIL_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "buffer.h"

/* Of a field with len bytes, which follow: a text or a message. */
void put_field_header(struct buffer *to, unsigned int field, size_t len);
void put_message(struct buffer *to, const ProtobufCMessage *message);
void put_message_field(struct buffer *to, unsigned int field, const ProtobufCMessage *message);

#endif
