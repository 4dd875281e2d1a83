#!/bin/bash
# SPDX-License-Identifier: ISC
# Libraries that few commands need are opened by those and by no other; under the names
# that a linker would have given them, which a note tells; and where one is missing, that
# is said before anything was done.
box=$(mktemp -d)
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/tap.sh"
: "${PEERAGE_BUILD:=$top/build/gcc}"
export PEERAGE_REGISTER=$box/register/register.db PEERAGE_BACKEND=none
peerage=$PEERAGE_BUILD/cli/peerage

mapfile -t late < <(grep -aoE '"soname":\["[^"]+"' "$peerage" | cut -d'"' -f4 | sort)
if [ ${#late[@]} = 0 ]; then
	pass "libraries that are loaded late # SKIP this build has none"
	finish
fi
for soname in "${late[@]}"; do
	name=${soname%%.so.*}
	is "$soname is what the linker names" "$(objdump -p "$(gcc -print-file-name="$name.so")" |
		awk '$1 == "SONAME" { print $2 }')" "$soname"
	for file in "$peerage" "$PEERAGE_BUILD/lib/libpeerage.so"; do
		is "${file##*/} is not linked with it" "$(objdump -p "$file" |
			awk -v name="$soname" '$1 == "NEEDED" && $2 == name')" ""
	done
done
ok "the note is one to the loader of ELF files" eval \
	'readelf -nW "$peerage" | grep -A 3 "\.note\.dlopen" | grep -q "FDO.*0x407c0c0a"'
# opens ARG…: those of them that it opens
opens() {
	strace -f -qq -e trace=openat -o "$box/trace" "$peerage" "$@" >"$box/out" 2>"$box/errs" </dev/null
	printf '%s\n' "${late[@]}" | while read -r soname; do
		grep -qF "/$soname" "$box/trace" && echo "$soname"
	done | paste -sd' '
}
is "init needs none but for what it prints" "$(opens -q init wg0 --endpoint 192.0.2.1)" libsmartcols.so.1
is "add, as text" "$(opens -q add a --conf)" ""
is "add, as a code" "$(opens -q add b --qr)" libqrencode.so.4
is "add, into an SVG file" "$(opens -q add c --output "$box/c.svg")" libqrencode.so.4
if "$peerage" -q add png --output "$box/probe.png" 2>/dev/null; then
	is "add, into a PNG file" "$(opens -q add d --output "$box/d.png")" "libpng16.so.16 libqrencode.so.4"
	ok "and it is there" test -s "$box/d.png"
fi
is "list" "$(opens list)" libsmartcols.so.1
is "list, for a program" "$(opens -t list) $(opens -j list)" " "
is "status, for a program" "$(opens -t status)" ""
# Where there is no such library: another, that has nothing of what is looked for, in its place.
mkdir "$box/none"
echo 'int nothing; int nothing = 1;' >"$box/none.c"
gcc -shared -o "$box/none/libqrencode.so.4" "$box/none.c"
cp "$box/none/libqrencode.so.4" "$box/none/libsmartcols.so.1"
without() { LD_LIBRARY_PATH=$box/none "$peerage" "$@" >"$box/out" 2>"$box/errs" </dev/null; }
not "add, without libqrencode" without -q add lost --qr
ok "says so" grep -q 'QR codes: a library is missing: .*libqrencode\.so\.4' "$box/errs"
not "and has added nobody" "$peerage" -q show lost
ok "as text it can" without -q add found --conf
not "list, without libsmartcols" without list
ok "says so" grep -q 'tables: a library is missing: .*libsmartcols\.so\.1.*--json' "$box/errs"
ok "for a program it can" without -t list
rm -rf "$box"
finish
