#!/bin/bash
# SPDX-License-Identifier: ISC
# Who may include, open and start what: the layout is more than a drawing.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
cd "$top" || exit 1

# only WHAT PATTERN ALLOWED-PATHS: lines of lib/ and cli/ that match stand only there
only() {
	is "$1" "$(grep -rnE --include='*.[ch]' -- "$2" lib cli | grep -vE "^($3)|^[^:]*:[0-9]+:\s*(/?\*|//)")" ""
}
# The patterns find what they are for.
seen() { ok "$1 is in use" grep -rqE --include='*.[ch]' -- "$2" lib cli; }

is "cli/ includes no header of lib/ but peerage.h" \
	"$(grep -rnE '#include "((base|model|store|plan|backend|host|watch|render|import|change)/|(engine|intent|report)\.)' \
		cli; grep -rnE '#include "\.\./' cli lib)" ""
cli_names=$(ls cli/*.h | sed 's,.*/,,' | paste -sd'|')
is "what it includes in quotes is peerage.h or its own" \
	"$(grep -rnE '#include "' cli | grep -vE "#include \"(peerage\.h|filter_program\.inc|$cli_names)\"")" ""
seen sqlite3.h '#include <sqlite3\.h>'
only "sqlite3.h only in lib/store" '#include <sqlite3\.h>' 'lib/store/'
seen libmnl '#include <libmnl'
only "libmnl and netlink headers only in lib/backend, and where sockets are let through" \
	'#include <(libmnl/|linux/(netlink|rtnetlink|genetlink|wireguard|if_link|if_addr|netfilter(/[a-z_]*)?)\.h)' 'lib/backend/|cli/filter_rules\.c'
seen qrencode.h '#include <qrencode\.h>'
only "qrencode.h only in lib/render/qr*" '#include <qrencode\.h>' 'lib/render/qr'
only "libsmartcols only in cli/" '#include <libsmartcols' 'cli/'
only "SQL only in lib/store" '"(SELECT|INSERT INTO|UPDATE|DELETE FROM|BEGIN|PRAGMA) ' 'lib/store/'
seen "a spawn" '\bposix_spawn'
only "only lib/host starts a program" \
	'\b(execv[pe]*|execl[pe]*|execvpe|execveat|fexecve|posix_spawnp?|popen|system|v?fork)[ ]?\(' 'lib/host/'
seen landlock.h '#include <linux/landlock\.h>'
only "landlock only in cli/sandbox.c" '#include <linux/landlock\.h>' 'cli/sandbox\.c'
seen seccomp.h '#include <seccomp\.h>'
only "seccomp only in cli/filter*.c" '#include <(linux/(seccomp|filter|audit)|seccomp)\.h>' 'cli/filter'
seen "a socket" '\bsocket\('
only "sockets only in lib/backend, the journal's, and the pair to the child that runs nft" '\bsocket(pair)?\(' \
	'lib/backend/|lib/host/broker\.c|cli/journal\.c'
is "each of them netlink or unix" \
	"$(grep -rnE --include='*.c' '\bsocket(pair)?\(' lib cli |
		grep -vE 'socket(pair)?\((AF_UNIX|AF_NETLINK|PF_UNIX|PF_NETLINK)')" ""
is "no function that resolves a name or makes an IP socket" \
	"$(grep -rnE --include='*.[ch]' '\b(getaddrinfo|gethostby\w+|res_\w?query) ?\(' lib cli)" ""
is "the library does not print, log or exit" \
	"$(grep -rnE --include='*.[ch]' \
		'\b(printf|puts|putchar|perror|syslog|err|errx|warn|warnx|exit|_exit|abort)\(' lib |
		grep -vE 'lib/host/broker\.c.*_exit|^[^:]*:[0-9]+:\s*(/?\*|//)')" ""
is "each source says its licence first" \
	"$(find lib cli tests -name '*.[ch]' -exec sh -c 'head -n 1 "$1" |
		grep -qxF "/* SPDX-License-Identifier: ISC */" || echo "$1"' _ {} \;)" ""
for build in lib/meson.build:lib cli/meson.build:cli; do
	dir=${build#*:}
	ok "every source of $dir is built" diff \
		<(cd "$dir" && find . -name '*.c' | sed 's,^\./,,' | sort) \
		<(grep -oE "'[a-z0-9_/]+\.c'" "${build%:*}" | tr -d "'" | sort)
done
ok "every unit test is built" diff <(cd tests/unit && ls test_*.c) \
	<(sed -n '/^\(program_\)\{0,1\}unit_tests/,/^]/p' tests/meson.build |
		sed -n "s/^\t'\(.*\)',/test_\1.c/p" | sort)
ok "every fuzz target is built" diff <(cd tests/fuzz && ls fuzz_*.c) \
	<(sed -n '/^fuzz_targets/,/^]/p' tests/meson.build | sed -n "s/^\t'\(.*\)',/fuzz_\1.c/p" | sort)
rm -rf "$box"
finish
