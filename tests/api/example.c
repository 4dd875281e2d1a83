/* SPDX-License-Identifier: ISC */
/*
 * A program that uses libpeerage alone: a register in DIRECTORY, an interface
 * that stays down, three peers, a config and its QR code, a list, a revocation.
 * Prints what it found; exits 1 at the first thing that is not as it should be.
 */
#include <peerage.h>
#include <stdio.h>
#include <string.h>

static struct prg_error error;

#define CHECK(expression) \
	do { \
		if (!(expression)) { \
			fprintf(stderr, "example.c:%d: %s: %s\n", __LINE__, #expression, \
			        error.message); \
			return 1; \
		} \
	} while (0)

static int print_peer(void *context, const struct prg_peer *peer)
{
	unsigned *active = (unsigned *)context;
	char address[PRG_PREFIX_TEXT] = "-", key[PRG_KEY_TEXT];

	/* A revoked peer has no addresses any more. */
	if (prg_peer_n_allowed_ips(peer) > 0)
		prg_prefix_format(prg_peer_allowed_ip(peer, 0), address);
	prg_public_key_format(&peer->public_key, key);
	printf("%-8s %-9s %-20s %s\n", peer->name, prg_peer_state_name(peer->state), address, key);
	if (peer->state == PRG_PEER_ACTIVE)
		++*active;
	return 0;
}

static int init(struct prg_register *reg)
{
	struct prg_intent *intent = NULL;
	struct prg_report *report = NULL;

	CHECK(!prg_intent_new(PRG_INIT, "wg0", &intent, &error));
	prg_intent_set_flags(intent, PRG_NO_UP);
	CHECK(!prg_intent_set(intent, PRG_FIELD_ENDPOINT, "vpn.example.org", &error));
	CHECK(!prg_intent_set(intent, PRG_FIELD_ADDRESS, "10.8.0.1/24,fd08::1/64", &error));
	CHECK(!prg_intent_set(intent, PRG_FIELD_NAT, "none", &error));
	CHECK(!prg_execute(reg, intent, &report, &error));
	CHECK(prg_report_interface(report)->listen_port == 51820);
	prg_report_free(&report);
	prg_intent_free(&intent);
	return 0;
}

static int show_qr(const struct prg_text *config)
{
	struct prg_qr *qr = NULL;
	struct prg_text *picture = NULL;
	unsigned columns, rows;

	CHECK(!prg_qr_new(prg_text_data(config), prg_text_length(config), &qr, &error));
	CHECK(prg_qr_width(qr) == 17 + 4 * prg_qr_version(qr));
	CHECK(prg_qr_module(qr, 0, 0)); /* corner of a finder pattern */
	prg_qr_cells(qr, PRG_QR_HALF, &columns, &rows);
	CHECK(columns == prg_qr_width(qr) + 4);
	CHECK(!prg_qr_terminal(qr, PRG_QR_HALF, &picture, &error));
	CHECK(prg_text_length(picture) > 0);
	printf("a code of %u by %u cells\n", columns, rows);
	prg_text_free(&picture);
	prg_qr_free(&qr);
	return 0;
}

static int add(struct prg_register *reg)
{
	static const char *const names[] = {"alice", "bob", "carol"};
	struct prg_intent *intent = NULL;
	struct prg_report *report = NULL;
	struct prg_text *config = NULL;

	CHECK(!prg_intent_new(PRG_ADD, NULL, &intent, &error));
	for (size_t i = 0; i < 3; i++)
		CHECK(!prg_intent_peer(intent, names[i], &error));
	CHECK(!prg_execute(reg, intent, &report, &error));
	CHECK(prg_report_n_results(report) == 3);
	CHECK(prg_report_result(report, 0)->outcome == PRG_CREATED);
	CHECK(prg_report_result(report, 0)->private_key);
	CHECK(!prg_report_config(report, 0, &config, &error));
	CHECK(strstr(prg_text_data(config), "Endpoint = vpn.example.org:51820\n"));
	CHECK(!show_qr(config));
	prg_text_free(&config);
	/* The private key was never recorded: from the register it cannot come. */
	CHECK(!prg_render_config(reg, "wg0", "alice", NULL, &config, &error));
	CHECK(strstr(prg_text_data(config), "# PrivateKey = \n"));
	prg_text_free(&config);
	prg_report_free(&report);
	/* All or nothing: bob is taken, so dave is not made. */
	CHECK(!prg_intent_peer(intent, "dave", &error));
	CHECK(prg_execute(reg, intent, &report, &error) == PRG_E_CONFLICT);
	CHECK(!report);
	prg_intent_free(&intent);
	return 0;
}

static int revoke(struct prg_register *reg, const char *name)
{
	struct prg_intent *intent = NULL;
	struct prg_report *report = NULL;

	CHECK(!prg_intent_new(PRG_REVOKE, "wg0", &intent, &error));
	CHECK(!prg_intent_peer(intent, name, &error));
	CHECK(!prg_execute(reg, intent, &report, &error));
	CHECK(prg_report_result(report, 0)->peer->state == PRG_PEER_REVOKED);
	prg_report_free(&report);
	prg_intent_free(&intent);
	return 0;
}

int main(int argc, char **argv)
{
	struct prg_register *reg = NULL;
	char path[4096], head[65];
	unsigned active = 0;
	uint64_t entries;

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/register.db", argv[1]);
	CHECK(prg_register_open(path, 0, 1000, &reg, &error) == PRG_E_NOT_FOUND);
	CHECK(!prg_register_open(path, PRG_OPEN_CREATE, 1000, &reg, &error));
	prg_register_set_backend(reg, PRG_BACKEND_MEMORY);
	if (init(reg) || add(reg) || revoke(reg, "bob"))
		return 1;
	CHECK(!prg_list_peers(reg, "wg0", print_peer, &active, &error));
	CHECK(active == 2);
	CHECK(!prg_register_verify(reg, &entries, head, &error));
	printf("%llu entries, the last of hash %.16s…\n", (unsigned long long)entries, head);
	prg_register_close(&reg);
	return 0;
}
