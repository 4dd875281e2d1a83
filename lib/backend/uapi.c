/* SPDX-License-Identifier: ISC */
#include "backend/uapi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "backend/rtnl.h"
#include "backend/uapi_text.h"
#include "base/error.h"
#include "base/secret.h"

#define SOCKET_PATH "/var/run/wireguard/%s.sock"
/* A request grows to this before it is sent: errors are found again one
 * operation at a time, so it should not be too long. */
#define REQUEST_BYTES 65536
#define RECEIVE_BYTES 32768
#define ANSWER_WAIT_S 60

struct uapi {
	struct prg_backend base;
	struct prg_nl *route;
	struct prg_arena *arena;
	char *receive;
	uint32_t ifindex; /* of the link that was last looked at; 0: none yet */
};

/* A connection, or minus an errno. */
static int dial(const char *interface)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = ANSWER_WAIT_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc, saved;

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), SOCKET_PATH, interface);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	do {
		rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return fd;
	saved = errno;
	close(fd);
	return -saved;
}

bool prg_uapi_present(const char *interface)
{
	PRG_FD int fd = dial(interface);

	return fd >= 0 || fd == -EACCES || fd == -EPERM || fd == -EAGAIN;
}

static int no_program(const char *interface, struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOT_FOUND,
	                     "no userspace WireGuard runs %s: start one, for example with "
	                     "'wireguard-go %s'",
	                     interface, interface);
}

static int dial_failed(const char *interface, int errnum, struct prg_error *err)
{
	if (errnum == ENOENT || errnum == ECONNREFUSED)
		return no_program(interface, err);
	return prg_error_errno(err, errnum,
	                       "cannot reach the userspace WireGuard of %s (" SOCKET_PATH ")",
	                       interface, interface);
}

/* ---- one exchange a connection: after an error the other side closes, and two
 * requests in one write lose the second */

static int send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int read_answer(struct uapi *uapi, int fd, struct prg_uapi_decoder *decoder,
                       struct prg_error *err)
{
	int rc = 0;

	while (rc == 0 && !decoder->ended) {
		ssize_t got = recv(fd, uapi->receive, RECEIVE_BYTES, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return prg_error_errno(err, errno == EAGAIN ? ETIMEDOUT : errno,
			                       "no answer from the userspace WireGuard of %s",
			                       uapi->base.interface);
		if (got == 0)
			return prg_error_set(err, PRG_E_FAILED,
			                     "the userspace WireGuard of %s ended its answer too "
			                     "early: does it still run?",
			                     uapi->base.interface);
		rc = prg_uapi_decode(decoder, uapi->receive, (size_t)got, err);
		prg_wipe(uapi->receive, (size_t)got);
	}
	return rc;
}

static int exchange(struct uapi *uapi, const char *request, size_t length,
                    struct prg_uapi_decoder *decoder, struct prg_error *err)
{
	PRG_FD int fd = dial(uapi->base.interface);
	int errnum;

	if (fd < 0)
		return dial_failed(uapi->base.interface, -fd, err);
	errnum = send_all(fd, request, length);
	/* After a line that it does not like it answers and closes: read on. */
	if (errnum != 0 && errnum != EPIPE && errnum != ECONNRESET)
		return prg_error_errno(err, errnum == EAGAIN ? ETIMEDOUT : errnum,
		                       "cannot send to the userspace WireGuard of %s",
		                       uapi->base.interface);
	return read_answer(uapi, fd, decoder, err);
}

static int refused(const struct uapi *uapi, int errnum, uint16_t port, struct prg_error *err)
{
	if (errnum == EADDRINUSE && port != 0)
		return prg_error_set(err, PRG_E_FAILED,
		                     "UDP port %u is in use by another program: choose another "
		                     "listen port, or end that program ('ss -ulnp' shows it)",
		                     port);
	return prg_error_errno(err, errnum, "the userspace WireGuard of %s refused",
	                       uapi->base.interface);
}

/* ---- the link */

static int uapi_link(struct prg_backend *backend, struct prg_link *ret_link,
                     struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	struct prg_link link;
	int rc = prg_rtnl_link(uapi->route, backend->interface, &link, err);

	uapi->ifindex = rc == 0 ? link.ifindex : 0;
	if (rc == 0)
		*ret_link = link;
	return rc;
}

static int find_link(struct uapi *uapi, struct prg_error *err)
{
	struct prg_link link;

	return uapi->ifindex != 0 ? 0 : uapi_link(&uapi->base, &link, err);
}

static int uapi_link_create(struct prg_backend *backend, const char *alias, struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	struct prg_link link;

	(void)alias;
	if (prg_rtnl_link(uapi->route, backend->interface, &link, NULL) == 0)
		return prg_error_set(err, PRG_E_CONFLICT, "a link named %s exists already",
		                     backend->interface);
	return prg_error_set(err, PRG_E_UNSUPPORTED,
	                     "a userspace WireGuard makes its own link: start it, for example "
	                     "with 'wireguard-go %s', and try again",
	                     backend->interface);
}

/* The program behind it ends when its link goes. */
static int uapi_link_delete(struct prg_backend *backend, size_t n_peers, struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	struct prg_link link;
	int rc = uapi_link(backend, &link, err);

	(void)n_peers;
	if (rc == PRG_E_NOT_FOUND)
		return 0;
	if (rc == 0 && strcmp(link.kind, "tun") != 0)
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "%s is not a userspace WireGuard's link but of kind '%s': it "
		                     "is left alone",
		                     backend->interface, link.kind);
	if (rc == 0)
		rc = prg_rtnl_link_delete(uapi->route, link.ifindex, backend->interface, err);
	uapi->ifindex = 0;
	return rc;
}

static int uapi_addresses(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                          struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	int rc = find_link(uapi, err);

	if (rc < 0)
		return rc;
	return prg_rtnl_addresses(uapi->route, uapi->ifindex, backend->interface, ret, ret_n, err);
}

static int uapi_routes(struct prg_backend *backend, struct prg_prefix **ret, size_t *ret_n,
                       struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	int rc = find_link(uapi, err);

	if (rc < 0)
		return rc;
	return prg_rtnl_routes(uapi->route, uapi->ifindex, backend->interface, ret, ret_n, err);
}

/* ---- observing and applying */

static int uapi_observe(struct prg_backend *backend, const struct prg_observer *observer,
                        bool *ret_interrupted, struct prg_error *err)
{
	static const char request[] = "get=1\n\n";
	struct uapi *uapi = (struct uapi *)backend;
	PRG_ASSEMBLY assembly;
	struct prg_uapi_decoder decoder;
	int rc;

	prg_assembly_init(&assembly, observer, backend->interface);
	assembly.device.ifindex = uapi->ifindex;
	prg_uapi_decoder_init(&decoder, &assembly);
	rc = exchange(uapi, request, sizeof(request) - 1, &decoder, err);
	if (rc == 0 && decoder.errnum != 0)
		rc = refused(uapi, decoder.errnum, 0, err);
	prg_uapi_decoder_done(&decoder);
	if (rc == 0)
		rc = prg_assembly_end(&assembly, err);
	if (rc == 0)
		*ret_interrupted = false;
	return rc;
}

/* Sends operations as one set. *ret_taken: how many, from the first on. */
static int send_set(struct uapi *uapi, const struct prg_op *ops, size_t n_ops, size_t *ret_taken,
                    struct prg_error *err)
{
	PRG_CLEANUP_TEXT struct prg_text *request = NULL;
	struct prg_uapi_decoder decoder;
	uint16_t port = 0;
	size_t n = 0;
	int rc = prg_text_new(&request, err);

	if (rc == 0)
		rc = prg_text_printf(request, err, "set=1\n");
	while (rc == 0 && n < n_ops && (n == 0 || prg_text_length(request) < REQUEST_BYTES)) {
		if (ops[n].kind == PRG_OP_DEVICE && (ops[n].fields & PRG_OF_LISTEN_PORT))
			port = ops[n].device->listen_port;
		/* A device's lines cannot stand behind a peer's. */
		if (n > 0 && ops[n].kind == PRG_OP_DEVICE && ops[n - 1].kind != PRG_OP_DEVICE)
			break;
		rc = prg_uapi_encode(request, &ops[n++], err);
	}
	*ret_taken = n > 0 ? n : 1;
	if (rc == 0)
		rc = prg_text_append(request, "\n", 1, err);
	if (rc < 0)
		return rc;
	prg_uapi_decoder_init(&decoder, NULL);
	rc = exchange(uapi, prg_text_data(request), prg_text_length(request), &decoder, err);
	if (rc == 0 && decoder.errnum != 0)
		rc = refused(uapi, decoder.errnum, port, err);
	prg_uapi_decoder_done(&decoder);
	return rc;
}

static void apply_wg(struct uapi *uapi, const struct prg_op *ops, size_t n_ops,
                     struct prg_progress *progress)
{
	struct prg_error why;
	size_t told = 0;
	int code = 0;

	while (told < n_ops && !progress->gone) {
		size_t taken, one, end;

		code = send_set(uapi, ops + told, n_ops - told, &taken, &why);
		end = told + taken;
		for (; told < end && !progress->gone; told++) {
			int own = 0;

			if (code != 0)
				own = send_set(uapi, ops + told, 1, &one, &why);
			progress->gone = own == PRG_E_NOT_FOUND;
			prg_progress_tell(progress, &ops[told], own, own != 0 ? &why : NULL);
		}
	}
	if (told < n_ops) {
		code = no_program(uapi->base.interface, &why);
		prg_progress_skip(progress, ops + told, n_ops - told, code, &why);
	}
}

static void apply_rtnl(struct uapi *uapi, const struct prg_op *ops, size_t n_ops,
                       struct prg_progress *progress)
{
	struct prg_error why;
	int code = find_link(uapi, &why);

	if (code == 0) {
		prg_rtnl_apply(uapi->route, uapi->ifindex, ops, n_ops, progress);
		return;
	}
	progress->gone = code == PRG_E_NOT_FOUND;
	prg_progress_skip(progress, ops, n_ops, code, &why);
}

static int uapi_apply(struct prg_backend *backend, const struct prg_op *ops, size_t n_ops,
                      prg_done_fn *done, void *context, struct prg_error *err)
{
	struct uapi *uapi = (struct uapi *)backend;
	struct prg_progress progress = { backend->interface, done, context, err, 0, false, 0 };
	struct prg_error why;

	for (size_t i = 0, n; i < n_ops; i += n) {
		n = prg_op_run(ops + i, n_ops - i);
		if (progress.gone)
			prg_progress_skip(&progress, ops + i, n,
			                  no_program(backend->interface, &why), &why);
		else if (prg_op_is_wg(&ops[i]))
			apply_wg(uapi, ops + i, n, &progress);
		else
			apply_rtnl(uapi, ops + i, n, &progress);
	}
	return progress.first;
}

/* ---- opening */

static void uapi_close(struct prg_backend *backend)
{
	struct uapi *uapi = (struct uapi *)backend;

	prg_nl_close(&uapi->route);
	prg_arena_free(&uapi->arena);
	free(uapi);
}

static const struct prg_backend_ops uapi_ops = {
	.name = "uapi",
	.close = uapi_close,
	.link = uapi_link,
	.link_create = uapi_link_create,
	.link_delete = uapi_link_delete,
	.addresses = uapi_addresses,
	.routes = uapi_routes,
	.observe = uapi_observe,
	.apply = uapi_apply,
};

/* No program yet is fine: the interface is down, then. */
static int probe(const char *interface, struct prg_error *err)
{
	PRG_FD int fd = dial(interface);

	if (fd >= 0 || fd == -ENOENT || fd == -ECONNREFUSED)
		return 0;
	return dial_failed(interface, -fd, err);
}

int prg_uapi_open(const char *interface, struct prg_backend **ret_backend, struct prg_error *err)
{
	struct uapi *uapi = calloc(1, sizeof(*uapi));
	int rc;

	if (uapi == NULL)
		return prg_error_nomem(err);
	uapi->base.ops = &uapi_ops;
	strncpy(uapi->base.interface, interface, sizeof(uapi->base.interface) - 1);
	rc = probe(interface, err);
	if (rc == 0)
		rc = prg_nl_open(NETLINK_ROUTE, &uapi->route, err);
	if (rc == 0)
		rc = prg_arena_new(&uapi->arena, err);
	if (rc == 0) {
		uapi->receive = prg_arena_take(uapi->arena, RECEIVE_BYTES);
		if (uapi->receive == NULL)
			rc = prg_error_nomem(err);
	}
	if (rc < 0) {
		uapi_close(&uapi->base);
		return rc;
	}
	*ret_backend = &uapi->base;
	return 0;
}
