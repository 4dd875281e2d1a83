#!/bin/bash
# SPDX-License-Identifier: ISC
# What the shared library exports = libpeerage.sym = prototypes of peerage.h =
# names that man/libpeerage.3 documents; the program, which has the same objects in it,
# uses nothing else of them; and versions agree.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
: "${PEERAGE_BUILD:=$top/build/gcc}"
library=$PEERAGE_BUILD/lib/libpeerage.so

nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort \
	>"$box/exports"
sed -n 's/^\t\(prg_[a-z0-9_]*\);$/\1/p' "$top/lib/libpeerage.sym" | sort >"$box/symbols"
gcc -E -P -x c "$top/lib/include/peerage.h" | tr '\n' ' ' | tr ';' '\n' | grep -v typedef |
	grep -oE '\bprg_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >"$box/prototypes"
mandoc -T tree "$top/man/libpeerage.3" 2>/dev/null | awk '
	/^ *(Fn|Fo) \((elem|block|head)\)/ { want = 1; next }
	want && /\(text\)/ { if ($1 ~ /^prg_[a-z0-9_]+$/) print $1; want = 0 }' | sort -u >"$box/manual"

ok "the library exports functions" test -s "$box/exports"
is "it exports nothing else" "$(nm -D --defined-only "$library" |
	awk '$2 != "T" && $3 != "PEERAGE_0" && $3 != "PEERAGE_0@@PEERAGE_0"')" ""
is "every one with a version" "$(nm -D --with-symbol-versions --defined-only "$library" |
	awk '$2 == "T" && $3 !~ /@@PEERAGE_0$/')" ""
ok "exports = libpeerage.sym" diff "$box/exports" "$box/symbols"
ok "exports = prototypes of peerage.h" diff "$box/exports" "$box/prototypes"
ok "exports = names in libpeerage.3" diff "$box/exports" "$box/manual"
# The linker would give it whatever they have.
nm -u "$PEERAGE_BUILD"/cli/peerage.p/*.o | awk '$1 == "U" && $2 ~ /^prg_/ { print $2 }' | sort -u \
	>"$box/used"
ok "the program uses functions of the library" test -s "$box/used"
is "and none but exported ones" "$(comm -23 "$box/used" "$box/symbols")" ""
# A function of the program that is named as one of a library that libpeerage uses
# would be called in its place.
is "the program defines nothing that libraries would find" \
	"$(nm -D --defined-only "$PEERAGE_BUILD/cli/peerage" | awk '$3 !~ /@GLIBC/ { print $3 }')" ""
is "soname" "$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')" libpeerage.so.0
version=$(sed -n "s/^\tversion: '\(.*\)',/\1/p" "$top/meson.build" | head -n 1)
is "version in peerage.h" \
	"$(sed -n 's/^#define PRG_VERSION "\(.*\)"/\1/p' "$top/lib/include/peerage.h")" "$version"
ok "version that the program tells" eval \
	'"$PEERAGE_BUILD/cli/peerage" --version | grep -F "$version"'
is "each symbol of the objects begins with prg_" \
	"$(nm -g --defined-only "$PEERAGE_BUILD/lib/libpeerage-core.a" 2>/dev/null |
		awk 'NF == 3 && $2 ~ /[TDBRCV]/ && $3 !~ /^prg_/ { print $3 }' | sort -u)" ""
rm -rf "$box"
finish
