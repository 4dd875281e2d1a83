/* SPDX-License-Identifier: ISC */
/* Our table: its name, and whether what nft lists is what we asked for. Pure. */
#ifndef PRG_HOST_NFT_H
#define PRG_HOST_NFT_H

#include <jansson.h>

#include "host/host.h"

/* "peerage-", then 15 characters of three each. */
#define PRG_NFT_TABLE_TEXT (8 + 3 * (PRG_IFNAME_TEXT - 1) + 1)

static inline void prg_cleanup_json(json_t **json)
{
	json_decref(*json);
}
#define PRG_JSON PRG_CLEANUP(prg_cleanup_json) json_t

/* The table's name. Letters, digits, '_' and '-' stand for themselves; every other
 * character, '.' too, is ".xx", so that two interfaces never share a table. */
void prg_nft_table(const char *interface, char ret[PRG_NFT_TABLE_TEXT]);

/* Statements of prg_nft_ruleset() that are the same in each rule. */
#define PRG_NFT_MATCH_SYN \
	"{\"match\": {\"op\": \"==\", \"left\": {\"&\": [{\"payload\": {\"protocol\": \"tcp\", " \
	"\"field\": \"flags\"}}, [\"syn\", \"rst\"]]}, \"right\": \"syn\"}}"
#define PRG_NFT_CLAMP \
	"{\"mangle\": {\"key\": {\"tcp option\": {\"name\": \"maxseg\", \"field\": \"size\"}}, " \
	"\"value\": {\"rt\": {\"key\": \"mtu\"}}}}"
#define PRG_NFT_DROP "{\"drop\": null}"
#define PRG_NFT_MASQUERADE "{\"masquerade\": null}"

/* Text of `nft -j list …` to its "nftables" array (a new reference). Lines
 * beginning with '#' before it are nft's warnings. Errors: PRG_E_CORRUPT. */
int prg_nft_parse(const char *text, json_t **ret_objects, struct prg_error *err);

/* A ruleset of prg_nft_ruleset() in nft's own language. *ret for free(3). PRG_E_CORRUPT:
 * it is no such ruleset. */
int prg_nft_script(const json_t *ruleset, char **ret, struct prg_error *err);
/* What nft answers to a script that it loaded, to what listing the table would give: a new
 * array. Errors: PRG_E_CORRUPT, as by an nft that does not answer so. */
int prg_nft_echoed(const char *text, json_t **ret_objects, struct prg_error *err);

enum prg_nft_owner { PRG_NFT_ABSENT, PRG_NFT_OURS, PRG_NFT_FOREIGN };
/* Whose is inet TABLE among listed objects? Ours: each comment that begins with
 * "peerage:" names register_id, and at least one does. */
enum prg_nft_owner prg_nft_owned(const json_t *objects, const char *table,
                                 const char *register_id);
/* Do the rules' chain, comment and expressions say the same, in whichever of nft's words? */
bool prg_nft_same_rule(const json_t *asked, const json_t *listed);
/* Does `listed` hold exactly the chains (type, hook, priority, policy) and rules, in that
 * order, that `ruleset`, of prg_nft_ruleset(), asks for, and is the table switched on?
 * PRG_E_FAILED says what differs. */
int prg_nft_compare(const json_t *ruleset, const json_t *listed, const char *table,
                    struct prg_error *err);

#endif
