/* SPDX-License-Identifier: ISC */
#include "backend/progress.h"

#include <stdio.h>

#include "base/error.h"

bool prg_op_is_wg(const struct prg_op *op)
{
	return op->kind == PRG_OP_DEVICE || op->kind == PRG_OP_PEER_REMOVE ||
	       op->kind == PRG_OP_PEER_SET;
}

size_t prg_op_run(const struct prg_op *ops, size_t n_ops)
{
	size_t n = 0;

	while (n < n_ops && prg_op_is_wg(&ops[n]) == prg_op_is_wg(&ops[0]))
		n++;
	return n;
}

static const char *verb(const struct prg_op *op)
{
	switch (op->kind) {
	case PRG_OP_DEVICE:
		return "configure";
	case PRG_OP_PEER_REMOVE:
		return "remove";
	case PRG_OP_PEER_SET:
		return op->fields & PRG_OF_CREATE ? "add" : "set";
	case PRG_OP_ADDRESS_ADD:
		return "add address";
	case PRG_OP_ADDRESS_DEL:
		return "delete address";
	case PRG_OP_ROUTE_ADD:
		return "add route";
	case PRG_OP_ROUTE_DEL:
		return "delete route";
	case PRG_OP_LINK:
		return op->up ? "bring up" : "configure link";
	}
	return "unknown operation";
}

void prg_op_describe(const struct prg_op *op, const char *interface, char *ret, size_t size)
{
	char object[PRG_PREFIX_TEXT + 8] = "";
	const char *who = op->who;

	if (op->kind == PRG_OP_PEER_SET || op->kind == PRG_OP_PEER_REMOVE) {
		char key[PRG_KEY_TEXT];

		prg_public_key_format(&op->peer->public_key, key);
		snprintf(object, sizeof(object), "peer %s", key);
		snprintf(ret, size, "%s %s", verb(op), who != NULL ? who : object);
	} else if (op->kind == PRG_OP_DEVICE || op->kind == PRG_OP_LINK) {
		snprintf(ret, size, "%s %s", verb(op), interface);
	} else {
		prg_prefix_format(&op->prefix, object);
		snprintf(ret, size, "%s %s%s%s%s", verb(op), object, who != NULL ? " (" : "",
		         who != NULL ? who : "", who != NULL ? ")" : "");
	}
}

void prg_progress_tell(struct prg_progress *progress, const struct prg_op *op, int code,
                       const struct prg_error *why)
{
	if (code == 0 && op->kind == PRG_OP_DEVICE && (op->fields & PRG_OF_LISTEN_PORT))
		progress->port = op->device->listen_port;
	if (code != 0 && progress->first == 0) {
		char what[PRG_NAME_BYTES + 128];

		progress->first = code;
		if (progress->err != NULL) {
			prg_op_describe(op, progress->interface, what, sizeof(what));
			if (why != NULL)
				*progress->err = *why;
			else
				prg_error_set(progress->err, code, "failed");
			prg_error_wrap(progress->err, code, "%s", what);
		}
	}
	if (progress->done != NULL)
		progress->done(progress->context, op, code);
}

void prg_progress_skip(struct prg_progress *progress, const struct prg_op *ops, size_t n_ops,
                       int code, const struct prg_error *why)
{
	for (size_t i = 0; i < n_ops; i++)
		prg_progress_tell(progress, &ops[i], code, why);
}
