#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Goal: whoever types `peerage add alice` sees a code that a phone can read, whole,
# in the window that is there, or else the config and why. What a real terminal of
# that size gets is drawn and read by zbar; the text read is the one that was
# encoded, and means the same as the config.

load sweep

setup() {
	export LC_ALL=C.UTF-8
	: "${PEERAGE_BUILD:?the build directory to test}"
	tests=$PEERAGE_BUILD/tests
	box=$BATS_TEST_TMPDIR
	export PEERAGE_REGISTER=$box/register/register.db PEERAGE_BACKEND=none
	unset NO_COLOR COLUMNS LINES
	cd "$box"
}

peerage() { "$PEERAGE_BUILD/cli/peerage" "$@"; }

# Three servers: what is usual, the least that can be had, and all there is room for.
typical() { peerage -q init wg0 --endpoint 203.0.113.7 --address 10.7.33.1/24 \
	--address fd2b:83d1:6ca9::1/64 --no-up; }
least() {
	peerage -q init wg0 --endpoint 203.0.113.7 --address 10.7.0.1/24 --dns none --no-up \
		--client-keepalive none --client-allowed-ips 10.7.0.0/24
	set_psk=(--preshared-key none)
}
longest() { peerage -q init wg0 --endpoint '[2001:db8:1234:5678:9abc:def0:1234:5678]:51820' \
	--address 10.207.133.1/24 --address fd2b:83d1:6ca9:1234:5678:9abc:def0:1/64 \
	--dns 2001:db8:1234:5678:9abc:def0:1234:1,2001:db8:1234:5678:9abc:def0:1234:2 \
	--mtu 1380 --client-keepalive 65535 --no-up \
	--client-allowed-ips 2001:db8:1234:5678::/64,2001:db8:1234:5679::/64,2001:db8:1234:567a::/64,198.51.100.128/25,203.0.113.128/25; }

# on ROWSxCOLUMNS TERM ARG…: in $box/screen, what a terminal of that size got
on() {
	local size=$1 term=$2
	shift 2
	TERM=$term "$tests/pty" "$size" "$box/screen" "$PEERAGE_BUILD/cli/peerage" "$@"
}
# the screen as text: no colours, no CR
plain() { sed 's/\x1b\[[0-9;]*m//g; s/\r//g' "$box/screen"; }
# shown ROWSxCOLUMNS: what zbar reads in that window once all is printed
shown() {
	"$tests/term2pgm" -r "${1%x*}" -c "${1#*x}" -s "${scale:-2}" ${dark:+-d} \
		<"$box/screen" >"$box/screen.pgm"
	zbarimg -q --nodbus --raw -Sdisable -Sqrcode.enable "$box/screen.pgm"
}
# Without the spaces that mean nothing.
essence() { sed -E 's/ *([=,]) */\1/g; /^$/d' "$@"; }
# same_config TEXT FILE: same meaning
same_config() { diff <(essence <<<"$1") <(essence "$2"); }
# The config of NAME again, with the key that TEXT has.
exported_with_key_of() {
	local key
	key=$(sed -nE 's/^PrivateKey *= *//p' <<<"$2")
	[ "$(peerage pubkey <<<"$key")" = "$(peerage -j show "$1" | jq -r .peer.public_key)" ] &&
		peerage export "$1" | sed "s|^# PrivateKey =.*|PrivateKey = $key|; /^#/d"
}
# geometry COLUMNS: $code_columns, the widest row of the code; $code_rows, from its
# first to the cursor's; $all_rows, from the first printed to the cursor's. Rows of
# the code are those that bring a background; rows that are too long take several.
geometry() {
	local row text rows
	code_columns=0 code_rows=0 all_rows=1
	while IFS= read -r row || [ -n "$row" ]; do
		text=$(sed 's/\x1b\[[0-9;]*m//g; s/\r//g' <<<"$row")
		rows=$((${#text} > $1 ? (${#text} - 1) / $1 + 1 : 1))
		all_rows=$((all_rows + rows))
		if [[ $row == *'48;5;'* ]]; then
			code_rows=$((code_rows + !code_rows))
			[ ${#text} -le "$code_columns" ] || code_columns=${#text}
		fi
		code_rows=$((code_rows ? code_rows + rows : 0))
	done <"$box/screen"
}
# U+1FB00 to U+1FB3B, in UTF-8
has_sextants() { LC_ALL=C grep -q $'\xf0\x9f\xac' "$box/screen"; }
# has_room MODULES ROWSxCOLUMNS TERM: half blocks or sextants, and a row for the cursor
has_room() {
	local m=$(($1 + 4)) rows=${2%x*} columns=${2#*x}
	if [ $m -le "$columns" ] && [ $(((m + 1) / 2 + 1)) -le "$rows" ]; then
		echo half
	elif [ "$3" != linux ] && [ $(((m + 1) / 2)) -le "$columns" ] &&
		[ $(((m + 2) / 3 + 1)) -le "$rows" ]; then
		echo sextant
	else
		echo none
	fi
}

# in_window SERVER ROWSxCOLUMNS TERM: add, with everything there is to say about it
in_window() {
	local size=$2 term=$3 rows=${2%x*} columns=${2#*x} text version modules room set_psk=()
	"$1"
	on "$size" "$term" add alice "${set_psk[@]}"
	if text=$(shown "$size") && [ -n "$text" ]; then
		exported_with_key_of alice "$text" >"$box/again.conf"
		same_config "$text" "$box/again.conf"
		# zbarimg ends what it read with a newline, as the config ends itself.
		"$tests/qrtext" <"$box/again.conf" >"$box/rendered" 2>"$box/version"
		read -r version modules <"$box/version"
		[ "$text" = "$(<"$box/rendered")" ]
		room=$(has_room "$modules" "$size" "$term")
		geometry "$columns"
		echo "# $1 $columns×$rows $term: version $version, room for $room, code $(
			)$code_columns wide, its rows and what is below $((code_rows - 1)), all $((all_rows - 1))" >&3
		[ "$room" != none ]
		[ "$code_columns" -le "$columns" ]
		[ "$code_rows" -le "$rows" ]
	else
		# No code: there was no room for one, it says so, and the config is there.
		plain | sed -n '/^\[Interface\]/,$p' >"$box/printed.conf"
		exported_with_key_of alice "$(<"$box/printed.conf")" >"$box/again.conf"
		same_config "$(<"$box/printed.conf")" "$box/again.conf"
		"$tests/qrtext" <"$box/again.conf" >/dev/null 2>"$box/version"
		read -r version modules <"$box/version"
		room=$(has_room "$modules" "$size" "$term")
		echo "# $1 $columns×$rows $term: version $version, no room, config printed" >&3
		[ "$room" = none ]
		plain | tr '\n' ' ' | grep -q 'too small'
		plain | tr '\n' ' ' | grep -q -e '--output alice.png'
	fi
}

@test "usual config, 80 columns, 50 rows: read off the screen, all of it fits" {
	in_window typical 50x80 xterm-256color
	[ "$all_rows" -le 50 ]
}
@test "usual config, 80 columns, 24 rows: read off the screen" {
	in_window typical 24x80 xterm-256color
	[ -s "$box/rendered" ]
}
@test "usual config, 200 columns, 60 rows: read off the screen, all of it fits" {
	in_window typical 60x200 xterm-256color
	[ "$all_rows" -le 60 ]
}
@test "least config, 80 columns, 50 rows" { in_window least 50x80 xterm-256color; }
@test "least config, 80 columns, 24 rows" { in_window least 24x80 xterm-256color; }
@test "least config, 200 columns, 60 rows" { in_window least 60x200 xterm-256color; }
@test "longest config, 80 columns, 50 rows" { in_window longest 50x80 xterm-256color; }
@test "longest config, 80 columns, 24 rows" { in_window longest 24x80 xterm-256color; }
@test "longest config, 200 columns, 60 rows" { in_window longest 60x200 xterm-256color; }
@test "usual config on the console, 80 columns, 50 rows" { in_window typical 50x80 linux; }
@test "usual config on the console, 80 columns, 24 rows: no sextants there" {
	in_window typical 24x80 linux
	! has_sextants
}
@test "usual config on the console, 200 columns, 60 rows" { in_window typical 60x200 linux; }

@test "each height from 10 to 60 at 80 columns: a code if there is room for one" {
	local rows
	for rows in $(some 10 22 23 24 25 26 30 36 37 38 39 40 41 42 43 44 45 46 60); do
		rm -rf "$box/register"
		in_window typical "${rows}x80" xterm-256color
	done
}
@test "each width from 20 to 80 at 50 rows" {
	local columns
	for columns in $(some 20 34 35 36 37 38 60 68 69 70 72 73 74 79 80); do
		rm -rf "$box/register"
		in_window typical "50x$columns" xterm-256color
	done
}
@test "a dark terminal: the code brings its own colours" {
	typical
	on 50x80 xterm-256color add alice
	dark=1 text=$(shown 50x80)
	exported_with_key_of alice "$text" >"$box/again.conf"
	same_config "$text" "$box/again.conf"
}
@test "with a file besides, what is printed still fits" {
	local size text
	for size in 24x80 38x80 39x80 40x80 41x80 42x80 50x80; do
		rm -rf "$box/register" "$box"/alice.*
		typical
		on "$size" xterm-256color add alice --output alice.conf --qr
		text=$(shown "$size")
		"$tests/qrtext" <alice.conf >"$box/rendered" 2>/dev/null
		[ "$text" = "$(<"$box/rendered")" ]
		same_config "$text" alice.conf
	done
}
@test "several at once: the last code is whole" {
	local text
	typical
	on 50x80 xterm-256color add alice bob
	text=$(shown 50x80 | tail -n 20)
	exported_with_key_of bob "$text" >"$box/again.conf"
	same_config "$text" "$box/again.conf"
}
@test "no room for anything: the config in full, and why there is no code" {
	local size
	for size in 1x1 2x10 5x20 20x5; do
		rm -rf "$box/register"
		in_window typical "$size" xterm-256color
	done
}
@test "a terminal that does not say its size counts as 80 columns, 24 rows" {
	local text
	typical
	on 0x0 xterm-256color add alice
	text=$(shown 24x80)
	exported_with_key_of alice "$text" >"$box/again.conf"
	same_config "$text" "$box/again.conf"
}
@test "a dumb terminal gets text, and no escape" {
	typical
	for term in dumb ''; do
		on 50x80 "$term" add "alice$term"
		! grep -q $'\033' "$box/screen"
		plain | sed -n '/^\[Interface\]/,$p' >"$box/printed.conf"
		grep -q '^PrivateKey = .\{44\}$' "$box/printed.conf"
	done
}
@test "each style that is asked for is the one that comes, and is read" {
	local style text
	typical
	for style in half sextant; do
		on 60x200 xterm-256color add "$style" "--qr=$style"
		text=$(shown 60x200)
		exported_with_key_of "$style" "$text" >"$box/again.conf"
		same_config "$text" "$box/again.conf"
	done
	has_sextants
}
@test "PNG and SVG, to a file and to a pipe, say what --conf says" {
	local text server name set_psk
	for server in typical least longest; do
		rm -rf "$box/register"
		set_psk=()
		$server
		peerage -q add p1 --output p1.png --conf "${set_psk[@]}" >p1.conf
		peerage -q add p2 --output p2.svg --conf "${set_psk[@]}" >p2.conf
		# One form of each is printed: what these say has no second witness but the register.
		peerage -q add p3 --format png "${set_psk[@]}" >p3.png
		peerage -q add p4 --format svg "${set_psk[@]}" >p4.svg
		rsvg-convert -o p2.svg.png p2.svg
		rsvg-convert -o p4.svg.png p4.svg
		for name in p1.png p2.svg.png p3.png p4.svg.png; do
			text=$(zbarimg -q --nodbus --raw -Sdisable -Sqrcode.enable "$name")
			case $name in p[34].*) exported_with_key_of "${name%%.*}" "$text" >"${name%%.*}.conf" ;; esac
			"$tests/qrtext" <"${name%%.*}.conf" >rendered 2>/dev/null
			[ "$text" = "$(<rendered)" ]
			same_config "$text" "${name%%.*}.conf"
		done
		[ "$(stat -c %a p1.png p2.svg | sort -u)" = 600 ]
		rm -f p?.*
	done
}
