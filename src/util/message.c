// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/message.c: packs protobuf messages, and the headers of their fields, into buffers.
 */
#include "message.h"

#define WIRE_BYTES 2 /* the wire type of fields with a length */

void put_field_header(struct buffer *to, unsigned int field, size_t len)
{
	put_varint(to, field << 3 | WIRE_BYTES);
	put_varint(to, len);
}

void put_message(struct buffer *to, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	if (buffer_room(to, len))
		to->len += protobuf_c_message_pack(message, (uint8_t *)to->data + to->len);
}

void put_message_field(struct buffer *to, unsigned int field, const ProtobufCMessage *message)
{
	put_field_header(to, field, protobuf_c_message_get_packed_size(message));
	put_message(to, message);
}
