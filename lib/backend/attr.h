/* SPDX-License-Identifier: ISC */
/*
 * Reading netlink attributes from bytes that nobody vouches for. Headers are
 * copied out, so no alignment is assumed, and no length is believed.
 */
#ifndef PRG_BACKEND_ATTR_H
#define PRG_BACKEND_ATTR_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct prg_attr {
	uint16_t type; /* without the NESTED and NET_BYTEORDER flags */
	const uint8_t *data;
	size_t length;
};

struct prg_attrs {
	const uint8_t *at;
	size_t left;
	bool bad; /* after the last: bytes were left that are no attribute */
};

static inline struct prg_attrs prg_attrs_of(const void *data, size_t length)
{
	return (struct prg_attrs){ .at = data, .left = length };
}

static inline bool prg_attrs_next(struct prg_attrs *attrs, struct prg_attr *ret)
{
	struct nlattr head;
	size_t step;

	if (attrs->left == 0)
		return false;
	if (attrs->left < sizeof(head)) {
		attrs->bad = true;
		return false;
	}
	memcpy(&head, attrs->at, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > attrs->left) {
		attrs->bad = true;
		return false;
	}
	ret->type = head.nla_type & NLA_TYPE_MASK;
	ret->data = attrs->at + sizeof(head);
	ret->length = head.nla_len - sizeof(head);
	step = NLA_ALIGN(head.nla_len);
	if (step > attrs->left)
		step = attrs->left;
	attrs->at += step;
	attrs->left -= step;
	return true;
}

/* Copies a value of exactly `length` bytes; false where it has another length. */
static inline bool prg_attr_copy(const struct prg_attr *attr, void *ret, size_t length)
{
	if (attr->length != length)
		return false;
	memcpy(ret, attr->data, length);
	return true;
}

/* Copies text that may or may not end in NUL; false where it is too long. */
static inline bool prg_attr_text(const struct prg_attr *attr, char *ret, size_t size)
{
	size_t length = strnlen((const char *)attr->data, attr->length);

	if (length >= size)
		return false;
	memcpy(ret, attr->data, length);
	ret[length] = '\0';
	return true;
}

#endif
