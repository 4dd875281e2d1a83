/* SPDX-License-Identifier: ISC */
#include "backend/nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "backend/attr.h"
#include "base/error.h"
#include "base/secret.h"

/* The kernel answers before send(2) returns; this only keeps a broken
 * emulation of netlink from hanging us for ever. */
#define ANSWER_WAIT_S 60

struct prg_nl {
	struct mnl_socket *socket;
	struct prg_arena *arena; /* what goes through it may hold keys; NULL: it cannot */
	uint8_t *send, *receive;
	uint32_t sequence;
	int bus;
	bool dirty; /* the rest of a dump that nobody wanted is still to come */
};

static void set_options(struct mnl_socket *socket, int bus)
{
	struct timeval wait = { .tv_sec = ANSWER_WAIT_S };
	int on = 1;

	/* Each is a help, none a condition: older kernels lack some. */
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	if (bus == NETLINK_ROUTE)
		mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

/* 0 or an errno. Leaving a dump costs a new socket, reading it to its end would
 * cost time by the peer. */
static int connect_socket(struct prg_nl *nl)
{
	if (nl->socket != NULL)
		mnl_socket_close(nl->socket);
	nl->dirty = false;
	nl->socket = mnl_socket_open2(nl->bus, SOCK_CLOEXEC);
	if (nl->socket == NULL)
		return errno;
	set_options(nl->socket, nl->bus);
	return mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? errno : 0;
}

static int open_socket(struct prg_nl *nl, int bus, struct prg_error *err)
{
	int saved;

	nl->bus = bus;
	saved = connect_socket(nl);
	if (saved == 0)
		return 0;
	if (saved == EPROTONOSUPPORT || saved == EAFNOSUPPORT)
		return prg_error_set(err, PRG_E_UNSUPPORTED, "this kernel has no %s netlink",
		                     bus == NETLINK_GENERIC ? "generic"
		                     : bus == NETLINK_ROUTE ? "route"
		                                            : "netfilter");
	return prg_error_errno(err, saved, "cannot open a netlink socket");
}

/* Locked memory takes several times as long as a whole talk about a route. */
static int make_buffers(struct prg_nl *nl, bool secret, struct prg_error *err)
{
	int rc = secret ? prg_arena_new(&nl->arena, err) : 0;

	if (rc < 0)
		return rc;
	nl->send = secret ? prg_arena_take(nl->arena, PRG_NL_SEND_BYTES)
	                  : calloc(1, PRG_NL_SEND_BYTES);
	nl->receive = secret ? prg_arena_take(nl->arena, PRG_NL_RECEIVE_BYTES)
	                     : malloc(PRG_NL_RECEIVE_BYTES);
	return nl->send == NULL || nl->receive == NULL ? prg_error_nomem(err) : 0;
}

static void wipe(const struct prg_nl *nl, uint8_t *buffer, size_t length)
{
	if (nl->arena != NULL)
		prg_wipe(buffer, length);
}

int prg_nl_open(int bus, struct prg_nl **ret_nl, struct prg_error *err)
{
	PRG_NL *nl = calloc(1, sizeof(*nl));
	int rc;

	if (nl == NULL)
		return prg_error_nomem(err);
	rc = make_buffers(nl, bus == NETLINK_GENERIC, err);
	if (rc == 0)
		rc = open_socket(nl, bus, err);
	if (rc < 0)
		return rc;
	*ret_nl = nl;
	nl = NULL;
	return 0;
}

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint64_t prg_nl_netns(const struct prg_nl *nl)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	struct stat st;

	if (getsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_NETNS_COOKIE, &cookie,
	               &size) == 0)
		return cookie;
	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

void prg_nl_close(struct prg_nl **nl)
{
	if (*nl == NULL)
		return;
	if ((*nl)->socket != NULL)
		mnl_socket_close((*nl)->socket);
	if ((*nl)->arena == NULL) {
		free((*nl)->send);
		free((*nl)->receive);
	}
	prg_arena_free(&(*nl)->arena);
	free(*nl);
	*nl = NULL;
}

void *prg_nl_buffer(struct prg_nl *nl)
{
	return nl->send;
}

static void copy_words(const struct prg_attr *attr, char *ret, size_t size)
{
	size_t i;

	for (i = 0; i < attr->length && i < size - 1 && attr->data[i] != '\0'; i++) {
		bool printable = attr->data[i] >= 0x20 && attr->data[i] < 0x7f;

		ret[i] = printable ? (char)attr->data[i] : '?';
	}
	ret[i] = '\0';
}

/* Attributes stand behind the error and as much of the request as was echoed. */
static bool decode_words(const struct nlmsghdr *message, size_t skip, struct prg_nl_answer *answer)
{
	const uint8_t *payload = (const uint8_t *)message + NLMSG_HDRLEN;
	size_t length = message->nlmsg_len - NLMSG_HDRLEN;
	struct prg_attrs attrs;
	struct prg_attr attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return true;
	if (skip > length)
		return false;
	attrs = prg_attrs_of(payload + skip, length - skip);
	while (prg_attrs_next(&attrs, &attr))
		if (attr.type == NLMSGERR_ATTR_MSG)
			copy_words(&attr, answer->text, sizeof(answer->text));
	return !attrs.bad;
}

bool prg_nl_answer_decode(const struct nlmsghdr *message, struct prg_nl_answer *ret)
{
	const uint8_t *payload = (const uint8_t *)message + NLMSG_HDRLEN;
	size_t length = message->nlmsg_len - NLMSG_HDRLEN;
	struct prg_nl_answer answer = { .final = true };
	struct nlmsghdr echoed;
	size_t skip = sizeof(int);
	int code = 0;

	if (length < sizeof(code)) {
		if (message->nlmsg_type == NLMSG_DONE)
			*ret = answer;
		return message->nlmsg_type == NLMSG_DONE;
	}
	memcpy(&code, payload, sizeof(code));
	if (code > 0 || code < -4095)
		return false;
	answer.errnum = -code;
	if (message->nlmsg_type == NLMSG_ERROR) {
		if (length < sizeof(struct nlmsgerr))
			return false;
		memcpy(&echoed, payload + sizeof(code), sizeof(echoed));
		skip = sizeof(struct nlmsgerr);
		if (code != 0 && !(message->nlmsg_flags & NLM_F_CAPPED)) {
			if (echoed.nlmsg_len < sizeof(echoed) ||
			    echoed.nlmsg_len > length - sizeof(code))
				return false;
			skip += NLMSG_ALIGN(echoed.nlmsg_len) - sizeof(echoed);
		}
	}
	if (!decode_words(message, skip, &answer))
		return false;
	*ret = answer;
	return true;
}

/* 0 or an errno. */
static int send_all(struct prg_nl *nl, size_t length)
{
	ssize_t sent;

	do {
		sent = mnl_socket_sendto(nl->socket, nl->send, length);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno;
	return (size_t)sent == length ? 0 : EIO;
}

/* One datagram of the kernel's: its length, or minus an errno. */
static ssize_t receive(struct prg_nl *nl)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec part = { nl->receive, PRG_NL_RECEIVE_BYTES };
		struct msghdr header = { .msg_name = &from,
			                 .msg_namelen = sizeof(from),
			                 .msg_iov = &part,
			                 .msg_iovlen = 1 };
		ssize_t length = recvmsg(mnl_socket_get_fd(nl->socket), &header, 0);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (header.msg_namelen == sizeof(from) && from.nl_pid != 0)
			continue;
		if (header.msg_flags & MSG_TRUNC) {
			wipe(nl, nl->receive, PRG_NL_RECEIVE_BYTES);
			return -EMSGSIZE;
		}
		return length;
	}
}

/* Stamps sequence numbers; false where these are not n requests. What asks for no answer
 * has none to wait for. */
static bool stamp(struct prg_nl *nl, size_t length, struct prg_nl_answer *answers, unsigned n)
{
	struct nlmsghdr *request = (struct nlmsghdr *)nl->send;
	int left = (int)length;
	unsigned i;

	for (i = 0; i < n && mnl_nlmsg_ok(request, left); i++) {
		request->nlmsg_seq = nl->sequence + i;
		answers[i].final = !(request->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP));
		request = mnl_nlmsg_next(request, &left);
	}
	return left == 0 && i == n;
}

static void take_message(const struct nlmsghdr *message, prg_nl_fn *fn, void *context,
                         struct prg_nl_answer *answer)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		struct prg_nl_answer end;

		if (!prg_nl_answer_decode(message, &end))
			end = (struct prg_nl_answer){ .errnum = EBADMSG, .final = true };
		end.callback = answer->callback;
		end.interrupted = answer->interrupted;
		*answer = end;
	} else if (message->nlmsg_type >= NLMSG_MIN_TYPE && fn != NULL && answer->callback == 0) {
		answer->callback = fn(context, message);
	}
}

static unsigned count_open(const struct prg_nl_answer *answers, unsigned n)
{
	unsigned open = 0;

	for (unsigned i = 0; i < n; i++)
		open += !answers[i].final;
	return open;
}

/* 0 or an errno. */
static int send_requests(struct prg_nl *nl, size_t length, struct prg_nl_answer *answers,
                         unsigned n)
{
	int failure = nl->dirty || nl->socket == NULL ? connect_socket(nl) : 0;

	if (failure == 0)
		failure = stamp(nl, length, answers, n) ? send_all(nl, length) : EINVAL;
	wipe(nl, nl->send, length);
	return failure;
}

/* What asked for no answer has one where all that was sent with it fails: 0 or an errno. */
static int unasked(const struct nlmsghdr *message, const struct prg_nl_answer *answer)
{
	struct prg_nl_answer end;

	if (message->nlmsg_type != NLMSG_ERROR || answer->callback != 0)
		return 0;
	return prg_nl_answer_decode(message, &end) ? end.errnum : EBADMSG;
}

/* One datagram into answers; 0 or an errno. */
static int read_answers(struct prg_nl *nl, uint32_t first, prg_nl_fn *fn, void *context,
                        struct prg_nl_answer *answers, unsigned n)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)nl->receive;
	ssize_t got = receive(nl);
	int left = (int)got, failure = 0;

	if (got < 0)
		return (int)-got;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		/* An older number: the end of a talk that failed half-way. */
		uint32_t index = message->nlmsg_seq - first;

		if (index < n && answers[index].final && failure == 0)
			failure = unasked(message, &answers[index]);
		if (index >= n || answers[index].final)
			continue;
		take_message(message, fn, context, &answers[index]);
		if (answers[index].callback != 0 && (message->nlmsg_flags & NLM_F_MULTI)) {
			nl->dirty |= !answers[index].final;
			answers[index].final = true;
		}
	}
	wipe(nl, nl->receive, (size_t)got);
	return failure;
}

void prg_nl_talk(struct prg_nl *nl, size_t length, prg_nl_fn *fn, void *context,
                 struct prg_nl_answer *answers, unsigned n)
{
	uint32_t first = nl->sequence;
	int failure;

	memset(answers, 0, n * sizeof(*answers));
	failure = send_requests(nl, length, answers, n);
	nl->sequence += n;
	while (failure == 0 && count_open(answers, n) > 0)
		failure = read_answers(nl, first, fn, context, answers, n);
	for (unsigned i = 0; i < n; i++)
		if (!answers[i].final)
			answers[i].errnum = failure;
}

int prg_nl_fail(struct prg_error *err, const struct prg_nl_answer *answer, const char *interface)
{
	const char *open = answer->text[0] != '\0' ? " (" : "";
	const char *close = answer->text[0] != '\0' ? ")" : "";

	switch (answer->errnum) {
	case EPERM:
	case EACCES:
		return prg_error_set(err, PRG_E_PERMISSION,
		                     "%s: the kernel refused%s%s%s; this needs CAP_NET_ADMIN: "
		                     "run as root",
		                     interface, open, answer->text, close);
	case ENODEV:
		return prg_error_set(err, PRG_E_NOT_FOUND,
		                     "interface %s is gone: bring it up again", interface);
	case EOPNOTSUPP:
		return prg_error_set(err, PRG_E_UNSUPPORTED,
		                     "the kernel cannot do this on %s%s%s%s", interface, open,
		                     answer->text, close);
	case ENETDOWN:
		return prg_error_set(err, PRG_E_FAILED, "interface %s is down: bring it up first",
		                     interface);
	case ETIMEDOUT:
		return prg_error_set(err, PRG_E_FAILED, "%s: the kernel gave no answer in %d s",
		                     interface, ANSWER_WAIT_S);
	case EBADMSG:
		return prg_error_set(err, PRG_E_CORRUPT, "%s: malformed answer from the kernel",
		                     interface);
	default:
		return prg_error_errno(err, answer->errnum, "%s: the kernel refused%s%s%s",
		                       interface, open, answer->text, close);
	}
}
