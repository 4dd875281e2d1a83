/* SPDX-License-Identifier: ISC */
/* prg_intent_read(): what each format gives, and each thing that can be wrong
 * with it, at its line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "intent.h"
#include "model/addr.h"

#define PUBLIC "c2js13m4S6zIHNttWMEL7MQUl2qfRpWKqU8napPSHE4="
#define SHARED "hFBSzDwnYt2vCEDUdfrYqc0bzWOo2JkodkYHsdRo5Ew="

#define INTENT PRG_CLEANUP(prg_intent_free) struct prg_intent

/* "LINE:COLUMN REASON\n" of each problem. */
static void gather(void *context, const struct prg_problem *problem)
{
	assert_int_equal(problem->code, PRG_E_USAGE);
	prg_strbuf_printf(context, "%u:%u %s\n", problem->line, problem->column, problem->reason);
}

/* From memory of its exact size, so that a sanitizer or valgrind sees a read
 * behind the end. */
static int read_bytes(struct prg_intent *intent, const char *text, size_t length,
                      struct prg_error *err)
{
	PRG_FREE char *copy = malloc(length != 0 ? length : 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	return prg_intent_read(intent, copy, length, err);
}

static struct prg_intent *make(void)
{
	struct prg_intent *intent = NULL;

	assert_int_equal(prg_intent_new(PRG_ADD, "wg0", &intent, NULL), 0);
	return intent;
}

static struct prg_intent *read_text(const char *text)
{
	struct prg_intent *intent = make();
	struct prg_error err = { 0 };

	if (read_bytes(intent, text, strlen(text), &err) != 0)
		fail_msg("refused: %s", err.message);
	return intent;
}

static void refused_bytes(const char *text, size_t length, const char *problems)
{
	INTENT *intent = make();
	PRG_STRBUF found = { 0 };
	struct prg_error err = { 0 };
	PRG_FREE char *told = NULL;

	prg_intent_set_problems(intent, gather, &found);
	assert_int_equal(read_bytes(intent, text, length, &err), PRG_E_USAGE);
	assert_int_equal(err.code, PRG_E_USAGE);
	prg_strbuf_puts(&found, "");
	told = prg_strbuf_take(&found);
	assert_string_equal(told, problems);
}

static void refused(const char *text, const char *problems)
{
	refused_bytes(text, strlen(text), problems);
}

static const struct prg_values *own(const struct prg_intent *intent, size_t index)
{
	assert_true(index < intent->n_peers);
	assert_non_null(intent->peers[index].values);
	return intent->peers[index].values;
}

static void assert_peer(const struct prg_intent *intent, size_t index, const char *name,
                        unsigned line)
{
	assert_true(index < prg_intent_n_peers(intent));
	assert_string_equal(intent->peers[index].name, name);
	assert_int_equal(intent->peers[index].line, line);
}

static void assert_prefix(const struct prg_prefix *prefix, const char *wanted)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, text);
	assert_string_equal(text, wanted);
}

/* ---------------------------------------------------------------- accepted */

static void test_names(void **state)
{
	INTENT *intent = read_text("\xef\xbb\xbf# the staff\r\n\r\nalice\r\n  \t\n\tbob \n"
	                           "#carol\nd\xc3\xa9" "d\xc3\xa9\nzo\xc3\xab.laptop");

	(void)state;
	assert_int_equal(intent->n_peers, 4);
	assert_peer(intent, 0, "alice", 3);
	assert_peer(intent, 1, "bob", 5);
	assert_peer(intent, 2, "d\xc3\xa9" "d\xc3\xa9", 7);
	assert_peer(intent, 3, "zo\xc3\xab.laptop", 8);
	assert_null(intent->peers[0].values);
}

/* Every column, in an order and case of its own. */
static void test_csv(void **state)
{
	INTENT *intent = read_text(
		"# made by a spreadsheet\r\n"
		"Name,PUBLIC_KEY,address,routes,peer_endpoint,client_allowed_ips,dns,mtu,"
		"client_keepalive,keepalive,expires,quota,tags,note,preshared_key\r\n"
		"alice," PUBLIC ",\"10.8.0.5, fd00::5\",10.1.0.0/16,192.0.2.1:51820,"
		"10.0.0.0/8;fd00::/8,9.9.9.9 2620:fe::fe,1380,15,25,2099-01-31,10G/month,"
		"\"staff, laptop\",\"says \"\"hi\"\", twice\"," SHARED "\r\n"
		"\r\n"
		"# nothing but a name\r\n"
		" bob ,,,,,,,,,,,,,,none\r\n"
		"carol,,,none,,,none,none,off,,none,,,,new");
	const struct prg_values *v;
	char text[PRG_KEY_TEXT];

	(void)state;
	assert_int_equal(intent->n_peers, 3);
	assert_peer(intent, 0, "alice", 3);
	v = own(intent, 0);
	prg_public_key_format(&v->public_key, text);
	assert_string_equal(text, PUBLIC);
	assert_int_equal(v->n_addresses, 2);
	assert_prefix(&v->addresses[0], "10.8.0.5/32");
	assert_prefix(&v->addresses[1], "fd00::5/128");
	assert_int_equal(v->n_routes, 1);
	assert_prefix(&v->routes[0], "10.1.0.0/16");
	assert_string_equal(v->peer_endpoint.host, "192.0.2.1");
	assert_int_equal(v->n_client_allowed_ips, 2);
	assert_prefix(&v->client_allowed_ips[1], "fd00::/8");
	assert_int_equal(v->n_dns, 2);
	assert_int_equal(v->mtu, 1380);
	assert_int_equal(v->client_keepalive_s, 15);
	assert_int_equal(v->keepalive_s, 25);
	assert_int_equal(v->expires_at, 4073500800);
	assert_int_equal(v->quota_bytes, 10000000000);
	assert_int_equal(v->quota_period, PRG_QUOTA_MONTH);
	assert_int_equal(v->n_tags, 2);
	assert_string_equal(v->tags[1], "laptop");
	assert_string_equal(v->note, "says \"hi\", twice");
	assert_non_null(v->preshared_key);
	prg_preshared_key_reveal(v->preshared_key, text);
	assert_string_equal(text, SHARED);
	assert_peer(intent, 1, "bob", 6);
	assert_true(own(intent, 1)->no_preshared_key);
	assert_int_equal(own(intent, 1)->set, 1u << PRG_FIELD_PRESHARED_KEY);
	assert_peer(intent, 2, "carol", 7);
	assert_false(own(intent, 2)->no_preshared_key);
	assert_null(own(intent, 2)->preshared_key);
	assert_true(PRG_HAS(own(intent, 2), PRG_FIELD_DNS));
}

static void test_separators(void **state)
{
	INTENT *semicolon = read_text("name;tags\na;\"x;y\"\nb;z\n");
	INTENT *tab = read_text("name\tnote\tmtu\na\tone two\t\n");
	INTENT *one = read_text("NAME\nname\nb\n");

	(void)state;
	assert_int_equal(own(semicolon, 0)->n_tags, 2);
	assert_int_equal(own(semicolon, 1)->n_tags, 1);
	assert_string_equal(own(tab, 0)->note, "one two");
	assert_int_equal(one->n_peers, 2);
	assert_peer(one, 0, "name", 2);
}

static void test_json(void **state)
{
	INTENT *intent = read_text(
		"\n{\"name\":\"alice\",\"address\":\"10.8.0.5\",\"mtu\":1380,\"tags\":[\"a\",\"b\"],"
		"\"note\":\"\\u0041\\u00e9\\ud83d\\ude00 \\\"\\\\\\/\",\"expires_at\":null}\r\n"
		"# between\n"
		"  { \"addresses\" : [ \"10.8.0.6\" , \"fd00::6\" ] , \"dns\" : [ ] ,\t\"routes\":[],"
		"\"preshared_key\":\"" SHARED "\",\"name\" : \"bob\" }  \n"
		"{\"name\":\"c\",\"quota\":5000,\"tags\":[],\"note\":null}");

	(void)state;
	assert_int_equal(intent->n_peers, 3);
	assert_peer(intent, 0, "alice", 2);
	assert_int_equal(own(intent, 0)->mtu, 1380);
	assert_int_equal(own(intent, 0)->n_tags, 2);
	assert_string_equal(own(intent, 0)->note, "A\xc3\xa9\xf0\x9f\x98\x80 \"\\/");
	assert_false(PRG_HAS(own(intent, 0), PRG_FIELD_EXPIRES));
	assert_peer(intent, 1, "bob", 4);
	assert_int_equal(own(intent, 1)->n_addresses, 2);
	assert_true(PRG_HAS(own(intent, 1), PRG_FIELD_DNS));
	assert_int_equal(own(intent, 1)->n_dns, 0);
	assert_non_null(own(intent, 1)->preshared_key);
	assert_int_equal(own(intent, 2)->quota_bytes, 5000);
	assert_false(PRG_HAS(own(intent, 2), PRG_FIELD_TAG));
}

/* What all share is set before; a second text adds to the first. */
static void test_common(void **state)
{
	INTENT *intent = make();

	(void)state;
	assert_int_equal(prg_intent_set(intent, PRG_FIELD_MTU, "1300", NULL), 0);
	assert_int_equal(read_bytes(intent, "a\nb", 3, NULL), 0);
	assert_int_equal(read_bytes(intent, "name,mtu\nc,1400", 15, NULL), 0);
	assert_int_equal(intent->n_peers, 3);
	assert_int_equal(prg_intent_values(intent, 1, PRG_FIELD_MTU)->mtu, 1300);
	assert_int_equal(prg_intent_values(intent, 2, PRG_FIELD_MTU)->mtu, 1400);
}

/* ----------------------------------------------------------------- refused */

static void test_nothing(void **state)
{
	(void)state;
	refused("", "");
	refused("\xef\xbb\xbf", "");
	refused("\n \t\r\n# all of it\n", "");
	refused("name,note\n", "");
}

static void test_bad_names(void **state)
{
	(void)state;
	refused("alice\nal ice\n-x\nalice\nb/c",
	        "2:1 malformed name: character U+0020 at byte 3 is not allowed; use letters, digits "
	        "and . _ @ + -\n"
	        "3:1 malformed name: character U+002D at byte 1 is not allowed at the "
	        "beginning; use letters, digits and . _ @ + -\n"
	        "4:1 peer alice is in line 1 already\n"
	        "5:1 malformed name: character U+002F at byte 2 is not allowed; use letters, digits "
	        "and . _ @ + -\n");
	refused_bytes("a\n b\0c\n", 7, "2:2 a NUL byte: is this a text?\n");
	refused("e\xcc\x81\n", "1:1 malformed name: it is not in Unicode's composed form (NFC)\n");
}

static void test_bad_csv(void **state)
{
	(void)state;
	/* a bad header: nothing under it can be understood */
	refused("name,adress,tags,note,tag\na,b,c,d,e\n",
	        "1:6 no such column: the first line names the columns, such as "
	        "name,address,expires,tags,note\n"
	        "1:23 this column is there twice\n");
	refused("mtu,note\n1,2\n", "1:1 no column is called name\n");
	refused("alice," SHARED "\n",
	        "1:1 no such column: the first line names the columns, such as "
	        "name,address,expires,tags,note\n"
	        "1:7 no such column: the first line names the columns, such as "
	        "name,address,expires,tags,note\n");
	refused("name,mtu,note\na,9,\nb\n,1400,x\nc,1400,x,y\nd,1400\nc,,\n",
	        "2:3 mtu: '9' is not a number from 576 to 65535\n"
	        "3:1 1 cell, where the header has 3\n"
	        "4:1 a peer without a name\n"
	        "5:1 4 cells, where the header has 3\n"
	        "6:1 2 cells, where the header has 3\n"
	        "7:1 peer c is in line 5 already\n");
}

static void test_bad_quotes(void **state)
{
	(void)state;
	refused("name,note\na,\"x\"y\nb,x\"y\nc,ok\nd,\"open\ne,1\n",
	        "2:6 a cell with quotes needs them round all of it, and those within it doubled\n"
	        "3:4 a cell with quotes needs them round all of it, and those within it doubled\n"
	        "5:3 a quote that is never closed\n");
	/* a newline within quotes is part of the cell, and counts as a line */
	refused("name,note\na,\"x\ny\"\nb/,\n",
	        "2:3 note: a note is one line of UTF-8 without control characters: byte 2 is not\n"
	        "4:1 malformed name: character U+002F at byte 2 is not allowed; use letters, digits "
	        "and . _ @ + -\n");
}

static void test_bad_json(void **state)
{
	(void)state;
	refused("{\"name\":\"a\",\"mtu\":9}\n"
	        "{\"name\":\"b\" \"mtu\":1}\n"
	        "{\"name\":\"c\"} x\n"
	        "{\"name\":\"d\",\"extra\":1,\"note\":\"n\",\"note\":\"m\"}\n"
	        "{\"name\":[\"e\"]}\n"
	        "{\"name\":true}\n"
	        "{\"note\":\"n\"}\n"
	        "{\"name\":\"f\n"
	        "{\"name\":\"\\x\"}\n"
	        "{\"name\":\"\\ud800\"}\n"
	        "\"name\"\n"
	        "{\"name\":\"a\"}\n"
	        "{name:1}\n"
	        "{\n"
	        "{\"name\" 1}\n"
	        "{\"name\":\"a\\u0000\"}\n",
	        "1:19 mtu: '9' is not a number from 576 to 65535\n"
	        "2:13 expected ',' or '}'\n"
	        "3:14 something behind the object\n"
	        "4:13 no such key: see 'peerage help add'\n"
	        "4:41 this is given twice\n"
	        "5:9 an array, where one value is expected\n"
	        "6:9 expected a text, a number, an array of those, or null\n"
	        "7:1 a peer without a name\n"
	        "8:11 a text that is not closed in its line\n"
	        "9:11 no escape of JSON\n"
	        "10:16 no escape of JSON\n"
	        "11:1 expected one object a line, such as {\"name\":\"alice\"}\n"
	        "12:9 peer a is in line 1 already\n"
	        "13:2 expected a key in quotes\n"
	        "14:2 expected a key in quotes\n"
	        "15:9 expected ':'\n"
	        "16:9 a NUL byte: is this a text?\n");
	refused("[{\"name\":\"a\"}]",
	        "1:1 expected one object a line, such as {\"name\":\"alice\"}\n");
}

/* Each place that a key can slip into says that something is wrong, not what. */
static void test_no_key_is_told(void **state)
{
	static const char *const columns[] = { "name", "public_key", "address", "routes",
		"peer_endpoint", "client_allowed_ips", "dns", "mtu", "client_keepalive",
		"keepalive", "expires", "quota", "tags", "preshared_key" };
	char text[256];

	(void)state;
	for (size_t i = 1; i < sizeof(columns) / sizeof(columns[0]); i++) {
		INTENT *intent = make();
		struct prg_error err = { 0 };

		snprintf(text, sizeof(text), "name,%s\na,x%s\n", columns[i], SHARED);
		assert_int_equal(read_bytes(intent, text, strlen(text), &err), PRG_E_USAGE);
		assert_null(strstr(err.message, "hFBSzDwn"));
	}
}

static void test_limits(void **state)
{
	PRG_FREE char *text = malloc(40000);
	INTENT *intent = make();

	(void)state;
	assert_non_null(text);
	strcpy(text, "name,note\na,");
	memset(text + 12, 'x', 30000);
	strcpy(text + 30012, "\nb,\n");
	refused(text, "2:3 this is too long\n");
	memset(text, ',', 200);
	memcpy(text, "name", 4);
	strcpy(text + 200, "\n");
	assert_int_equal(read_bytes(intent, text, strlen(text), NULL), PRG_E_USAGE);
	prg_intent_free(&intent);
	assert_int_equal(prg_intent_new(PRG_SET, "wg0", &intent, NULL), 0);
	assert_int_equal(read_bytes(intent, "a", 1, NULL), PRG_E_USAGE);
}

/* The error alone, for those who are not told of each. */
static void test_summary(void **state)
{
	INTENT *one = make(), *three = make();
	struct prg_error err;

	(void)state;
	assert_int_equal(read_bytes(one, "a\nb/", 4, &err), PRG_E_USAGE);
	assert_non_null(strstr(err.message, "line 2, column 1: malformed name"));
	assert_null(strstr(err.message, "more"));
	assert_int_equal(read_bytes(three, "a/\nb/\nc/", 8, &err), PRG_E_USAGE);
	assert_non_null(strstr(err.message, "line 1, column 1: malformed name"));
	assert_non_null(strstr(err.message, "(and 2 more)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_separators),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_csv),
		cmocka_unit_test(test_bad_quotes),
		cmocka_unit_test(test_bad_json),
		cmocka_unit_test(test_no_key_is_told),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
