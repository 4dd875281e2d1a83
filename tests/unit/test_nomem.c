/* SPDX-License-Identifier: ISC */
/*
 * Memory that runs out: each NOMEM_STEPth allocation of a change in turn fails, alone or with all
 * that follow, the library's own and SQLite's. The change is made or it is not, it says
 * so, and what comes next succeeds. The linker puts wrap() in the place of malloc(3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "backend/memory.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "model/addr.h"
#include "model/peer.h"
#include "report.h"
#include "memcheck.h"

static uint64_t countdown; /* 1: the next one fails; 0: none does */
static bool armed, all_after;
static uint64_t failed;

static bool fails(void)
{
	if (!armed || countdown == 0)
		return false;
	if (countdown > 1) {
		countdown--;
		return false;
	}
	countdown = all_after;
	failed++;
	return true;
}

/* ---- what the linker calls (-Wl,--wrap) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **ret, const char *format, va_list ap) PRG_PRINTF(2, 0);
char *__real_strndup(const char *text, size_t n);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
int __wrap_vasprintf(char **ret, const char *format, va_list ap) PRG_PRINTF(2, 0);
int __wrap_asprintf(char **ret, const char *format, ...) PRG_PRINTF(2, 3);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
	return fails() ? NULL : __real_strndup(text, n);
}

int __wrap_vasprintf(char **ret, const char *format, va_list ap)
{
	return fails() ? -1 : __real_vasprintf(ret, format, ap);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = __wrap_vasprintf(ret, format, ap);
	va_end(ap);
	return n;
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

/* ---- SQLite's */
static sqlite3_mem_methods usual;

static void *lite_malloc(int size)
{
	return fails() ? NULL : usual.xMalloc(size);
}

static void *lite_realloc(void *old, int size)
{
	return fails() ? NULL : usual.xRealloc(old, size);
}

static int group_setup(void **state)
{
	sqlite3_mem_methods methods;

	(void)state;
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) != SQLITE_OK)
		return -1;
	methods = usual;
	methods.xMalloc = lite_malloc;
	methods.xRealloc = lite_realloc;
	/* memory kept aside for small things would hide most failures */
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
	       sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK;
}

/* ---------------------------------------------------------------------- state */

static char directory[] = "/tmp/peerage-nomem-XXXXXX";
static char path[64], base[64];
static struct prg_error err;
static struct prg_clock_look look;

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent
#define REGISTER PRG_CLEANUP(prg_register_close) struct prg_register

static void assert_ok(int rc)
{
	if (rc != 0)
		print_error("%d: %s\n", rc, err.message);
	assert_int_equal(rc, 0);
}

struct change {
	enum prg_verb verb;
	const char *peer;
	enum prg_field field;
	const char *text;
};

static int make(struct prg_register *reg, const struct change *change)
{
	INTENT *intent = NULL;
	PRG_REPORT *report = NULL;
	int rc = prg_intent_new(change->verb, "wg0", &intent, &err);

	if (rc == 0 && change->peer != NULL)
		rc = prg_intent_peer(intent, change->peer, &err);
	if (rc == 0 && change->text != NULL)
		rc = prg_intent_set(intent, change->field, change->text, &err);
	return rc == 0 ? prg_execute(reg, intent, &report, &err) : rc;
}

static void do_it(struct prg_register *reg, enum prg_verb verb, const char *peer,
                  enum prg_field field, const char *text)
{
	const struct change change = { verb, peer, field, text };

	assert_ok(make(reg, &change));
}

static void copy(const char *from, const char *to)
{
	char bytes[65536], file[80];
	PRG_FD int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	snprintf(file, sizeof(file), "%s-wal", to);
	unlink(file);
	snprintf(file, sizeof(file), "%s-shm", to);
	unlink(file);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	assert_int_equal(n, 0);
}

/* alice has routes, carol two keys, dave no time left; what runs is as registered. */
static void make_base(void)
{
	REGISTER *reg = NULL;

	look = (struct prg_clock_look){ .wall_s = prg_clock_now(), .boottime_s = 1000,
		                        .synchronised = true, .boot_id = "a" };
	assert_ok(prg_register_open(base, PRG_OPEN_CREATE, 1000, &reg, &err));
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	prg_memory_reset();
	{
		INTENT *intent = NULL;
		PRG_REPORT *report = NULL;

		assert_ok(prg_intent_new(PRG_INIT, "wg0", &intent, &err));
		assert_ok(prg_intent_set(intent, PRG_FIELD_ENDPOINT, "192.0.2.1", &err));
		assert_ok(prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/24,fd00:8::1/64", &err));
		assert_ok(prg_execute(reg, intent, &report, &err));
	}
	do_it(reg, PRG_ADD, "alice", PRG_FIELD_ROUTES, "192.168.7.0/24,fd77::/64");
	do_it(reg, PRG_ADD, "bob", PRG_FIELD_NOTE, "x");
	do_it(reg, PRG_ADD, "carol", PRG_FIELD_ROUTES, "192.168.8.0/24");
	do_it(reg, PRG_ADD, "dave", PRG_FIELD_EXPIRES, "1h");
	do_it(reg, PRG_ROTATE, "carol", PRG_FIELD_OVERLAP, "1h");
}

static int used(void *context, const struct prg_peer *peer)
{
	(void)context;
	return peer->state != PRG_PEER_ACTIVE || peer->successor_id != 0
	               ? 0
	               : prg_memory_traffic("wg0", &peer->public_key, look.wall_s, 900, 800, NULL);
}

/* The interface runs, and carol's newer key is in use. */
static struct prg_register *begin(void)
{
	struct prg_register *reg = NULL;
	char alias[64];

	copy(base, path);
	prg_memory_reset();
	assert_ok(prg_register_open(path, 0, 1000, &reg, &err));
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	snprintf(alias, sizeof(alias), "peerage:%s", prg_register_id(reg));
	assert_int_equal(prg_memory_link_set("wg0", "wireguard", alias), 0);
	do_it(reg, PRG_SYNC, NULL, PRG_FIELD_NOTE, NULL);
	assert_ok(prg_list_peers(reg, "wg0", used, NULL, &err));
	return reg;
}

static int tell(void *context, const struct prg_peer *p)
{
	struct prg_strbuf *d = context;
	size_t i;

	prg_strbuf_printf(d, "%s %s psk %d note %s newer %s older %s", p->name,
	                  prg_peer_state_name(p->state), p->has_preshared_key, p->note ? p->note : "-",
	                  p->successor, p->older);
	for (i = 0; i < prg_peer_n_allowed_ips(p); i++) {
		char text[PRG_PREFIX_TEXT];

		prg_prefix_format(prg_peer_allowed_ip(p, i), text);
		prg_strbuf_printf(d, " %s", text);
	}
	prg_strbuf_puts(d, "\n");
	return 0;
}

static char *document(struct prg_register *reg)
{
	PRG_STRBUF d = { 0 };
	uint64_t n;
	char head[65];

	assert_ok(prg_register_verify(reg, &n, head, &err));
	prg_strbuf_printf(&d, "%llu entries\n", (unsigned long long)n);
	assert_ok(prg_list_peers(reg, "wg0", tell, &d, &err));
	return prg_strbuf_take(&d);
}

static void goes_on(struct prg_register *reg)
{
	INTENT *sync = NULL;
	PRG_REPORT *report = NULL;

	do_it(reg, PRG_ADD, "next", PRG_FIELD_NOTE, NULL);
	do_it(reg, PRG_SYNC, NULL, PRG_FIELD_NOTE, NULL);
	assert_ok(prg_intent_new(PRG_SYNC, "wg0", &sync, &err));
	prg_intent_set_flags(sync, PRG_DRY_RUN);
	assert_ok(prg_execute(reg, sync, &report, &err));
	assert_int_equal(prg_report_n_changes(report), 0);
}

/* The nth allocation fails. False: there is none. */
static bool try(const struct change *change, uint64_t n, const char *before, const char *after)
{
	REGISTER *reg = begin();
	PRG_FREE char *now = NULL;
	int rc;

	prg_clock_pretend(&look);
	failed = 0;
	countdown = n;
	armed = true;
	rc = make(reg, change);
	armed = false;
	now = document(reg);
	/* a tick that cannot look at the interface does what it can without */
	if (rc == PRG_E_NOT_APPLIED && change->verb == PRG_MAINTAIN)
		assert_true(strcmp(now, before) == 0 || strcmp(now, after) == 0);
	else if (rc == 0 || rc == PRG_E_NOT_APPLIED)
		assert_string_equal(now, after);
	else
		assert_string_equal(now, before);
	if (rc < 0)
		assert_true(err.message[0] != '\0' && strchr(err.message, '\n') == NULL);
	goes_on(reg);
	prg_clock_pretend(NULL);
	return failed > 0;
}

/* NOMEM_STEP=1 takes each allocation, and a minute. valgrind(1) takes its time. */
static uint64_t step(void)
{
	const char *wanted = getenv("NOMEM_STEP");

	if (wanted != NULL && strtoul(wanted, NULL, 10) > 0)
		return strtoul(wanted, NULL, 10);
	return memcheck_or(173, 29);
}

static void sweep(const struct change *change)
{
	PRG_FREE char *before = NULL, *after = NULL;
	uint64_t n, total = 0;

	{
		REGISTER *reg = begin();

		before = document(reg);
		prg_clock_pretend(&look);
		assert_ok(make(reg, change));
		prg_clock_pretend(NULL);
		after = document(reg);
		assert_string_not_equal(before, after);
	}
	for (all_after = false;; all_after = true) {
		for (n = 1; try(change, n, before, after); n += step())
			total++;
		if (all_after)
			break;
	}
	print_message("%llu allocations failed\n", (unsigned long long)total);
	assert_true(total > 1000 / step());
}

#define SWEEP(name, ...) \
	static void name(void **state) \
	{ \
		const struct change change = { __VA_ARGS__ }; \
\
		(void)state; \
		sweep(&change); \
	}
SWEEP(adding, PRG_ADD, "new", PRG_FIELD_NOTE, "made")
SWEEP(revoking, PRG_REVOKE, "alice", PRG_FIELD_HOLD, NULL)
SWEEP(rotating, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, NULL)
SWEEP(overlapping, PRG_ROTATE, "alice", PRG_FIELD_OVERLAP, "1h")
SWEEP(maintaining, PRG_MAINTAIN, NULL, PRG_FIELD_NOTE, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding),      cmocka_unit_test(revoking),
		cmocka_unit_test(rotating),    cmocka_unit_test(overlapping),
		cmocka_unit_test(maintaining),
	};
	static const char *const ends[] = { "", "-wal", "-shm" };
	char file[80];
	size_t i;
	int result;

	if (group_setup(NULL) != 0 || mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/register.db", directory);
	snprintf(base, sizeof(base), "%s/base.db", directory);
	make_base();
	result = cmocka_run_group_tests(tests, NULL, NULL);
	prg_memory_reset();
	for (i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	unlink(base);
	rmdir(directory);
	return result;
}
