# SPDX-License-Identifier: ISC
# Goal: the config of a new peer reaches its user in the form that suits, or is
# said to be lost; it is never there in part, and never over something else.
load common
load sweep

setup_file() {
	cc -D_GNU_SOURCE -o "$BATS_FILE_TMPDIR/term2pgm" "$BATS_TEST_DIRNAME/term2pgm.c"
}

# What a phone reads off the screen, the way a window of that size shows it.
scan() {
	"$BATS_FILE_TMPDIR/term2pgm" -c "${1#*x}" -r "${1%x*}" -s 4 <screen >screen.pgm
	zbarimg -q --raw --oneshot screen.pgm
}

# A config without what QR codes leave out.
squeezed() { sed -e 's/ = /=/; s/, /,/g' -e '/^$/d'; }

hidden() { find . -maxdepth 1 -name '.peerage-*'; }

@test "on a terminal: a line, the code, and how to get at it again" {
	init
	tty 50x80 -q add first
	tty 50x80 add alice
	[ "$status" = 0 ]
	tr -d '\r' <screen >plain
	grep -q '^alice added to wg0: 10.7.0.3, fd07::3$' plain
	grep -q '^The private key is in this code alone and is not kept: scan it now.$' plain
	tail -n 1 plain | grep -q 'peerage export'
	scan 50x80 >scanned
	key=$(p -j show alice | jq -r .peer.public_key)
	[ "$(sed -n 's/^PrivateKey *= *//p' scanned | p pubkey)" = "$key" ]
	diff <(p -q export alice | squeezed | grep -v '^#') \
		<(squeezed <scanned | grep -v '^PrivateKey')
}

@test "the code fits the window whole, at every size that can hold it" {
	init
	for size in $(some 50x80 44x80 43x80 42x80 41x80 40x80 30x80 24x80 25x80 60x200 24x36); do
		tty "$size" add "at-$size"
		[ "$status" = 0 ]
		scan "$size" >scanned
		key=$(p -j show "at-$size" | jq -r .peer.public_key)
		[ "$(sed -n 's/^PrivateKey *= *//p' scanned | p pubkey)" = "$key" ]
		[ "$(grep '38;5;' screen | width)" -le "${size#*x}" ]
	done
}

@test "where no code fits, that is said and the config is printed" {
	init
	for size in 20x80 24x30 10x20; do
		tty "$size" add "at-$size"
		[ "$status" = 0 ]
		tr -d '\r' <screen | tr '\n' ' ' >said
		grep -q "window too small for the code (needs [0-9]*x[0-9]*, has ${size#*x}x${size%x*}): the" said
		grep -q -- "revoke it and: peerage add at-$size --output at-$size.png" said
		key=$(p -j show "at-$size" | jq -r .peer.public_key)
		[ "$(tr -d '\r' <screen | sed -n 's/^PrivateKey = //p' | p pubkey)" = "$key" ]
	done
}

@test "what is said beside a code or config keeps within 78 columns" {
	init
	long=$(printf 'x%.0s' {1..64})
	tty 20x80 add "$long"
	tr -d '\r' <screen | sed '/^\[Interface\]/,$d' >said
	[ "$(width <said)" -le 78 ]
	grep -q "^window too small" said
	# the command goes on in the next line, and can be copied
	no grep -q "for a picture.*peerage add" said
	grep -A 1 "^peerage add $long .$" said >command
	sed "s/^peerage/printf '%s\n'/" command >copied
	slug=$(sed -n 's/^  --output \(.*\)\.png$/\1/p' said)
	[ ${#slug} -le 15 ]
	[ "$(bash copied | tr '\n' ' ')" = "add $long --output $slug.png " ]
	tty 24x80 export "$long"
	tr -d '\r' <screen | sed '/^\[Interface\]/,/^PersistentKeepalive/d' | tail -n +2 >said
	tr '\n' ' ' <said | grep -q "private key was not kept: fill it in"
	[ "$(width <said)" -le 78 ]
	# what is to be copied is whole, whatever it takes
	tty 24x80 qr "$long"
	[ "$status" = 1 ]
	tr -d '\r' <screen | grep -q "'peerage export $long'"
	[ "$(tr -d '\r' <screen | grep -v "$long" | width)" -le 78 ]
	tty 60x80 add alice
	tr -d '\r' <screen | grep -v '38;5;' >said
	[ "$(width <said)" -le 78 ]
	tr -d '\r' <screen | tail -n 1 | grep -q "peerage export NAME$"
	# elsewhere a remark and an error are one line each
	t 1 qr "$long"
	error_is "not kept.*export.*rotate"
}

@test "sextants are not for the console" {
	init
	TERM=linux tty 30x80 add alice
	grep -q "window too small" screen
	TERM=linux tty 50x80 add bob
	scan 50x80 | grep -q PrivateKey
}

@test "a terminal that obeys no escapes gets the config" {
	init
	TERM=dumb tty 50x80 add alice
	no grep -q $'\x1b' screen
	grep -q "^PrivateKey = " screen
}

@test "several names on a terminal: each code with its line" {
	init
	tty 50x80 add alice bob
	[ "$(grep -c ' added to wg0: ' screen)" = 2 ]
	[ "$(grep -c 'The private key is in this code' screen)" = 1 ]
	scan 50x80 >scanned
	key=$(p -j show bob | jq -r .peer.public_key)
	[ "$(sed -n 's/^PrivateKey *= *//p' scanned | p pubkey)" = "$key" ]
}

@test "-q on a terminal: the code alone" {
	init
	tty 50x80 -q add alice
	no grep -q alice screen
	scan 50x80 | grep -q PrivateKey
}

@test "--conf and --qr choose, whatever stdout is" {
	init
	tty 50x80 add alice --conf
	grep -q "^PrivateKey = " screen
	t 0 add bob --qr
	[[ $output == *$'\x1b[38;5;'* && $output == *▀* ]]
	t 0 add carol --qr=sextant
	[[ $output == *🬂* || $output == *🬀* || $output == *🬹* ]]
	t 0 add dave --format qr
	[[ $output == *▀* ]]
	t 2 add eve --qr=braille
	error_is "--qr 'braille' is unknown: give half or sextant"
	t 2 add eve --qr --conf
	error_is "one of --json, --qr, --conf and --format"
	t 2 add eve -j --qr
	error_is "one of --json, --qr, --conf and --format"
	t 2 add eve --format yaml
	error_is "--format 'yaml' is unknown"
	t 6 show eve
}

@test "--format json is -j" {
	init
	t 0 add alice --format json
	j '.peers[0].private_key | length == 44'
	t 3 add alice --format json
	j '.error.code == 3'
}

@test "several names to a pipe: each config under its name" {
	init
	t 0 add alice bob
	[ "$(grep -c '^\[Interface\]$' <<<"$output")" = 2 ]
	[ "${lines[0]}" = "# alice" ]
	[ "$(grep -c '^# bob$' <<<"$output")" = 1 ]
}

@test "--output writes conf, png and svg, which hold the config" {
	init
	for kind in conf png svg; do
		t 0 add "$kind" --output "$kind.$kind"
		[ -z "$output" ]
		[[ $stderr == *"$kind added to wg0: "*"; config in $kind.$kind" ]]
		[ "$(stat -c '%a %F' "$kind.$kind")" = "600 regular file" ]
		[ -z "$(hidden)" ]
	done
	grep -q "^PrivateKey = " conf.conf
	zbarimg -q --raw png.png | grep -q "^PrivateKey *="
	head -c 200 svg.svg | grep -q "<svg"
	key=$(p -j show png | jq -r .peer.public_key)
	[ "$(zbarimg -q --raw png.png | sed -n 's/^PrivateKey *= *//p' | p pubkey)" = "$key" ]
	t 0 -q add upper --output UPPER.Conf
	grep -q "^PrivateKey = " UPPER.Conf
	t 0 -q add picture --output p.x.PNG
	zbarimg -q --raw p.x.PNG | grep -q "^PrivateKey *="
	t 0 -j add four --output four.png
	j '.peers[0].config | length > 100'
	[ -s four.png ]
	t 0 -q add five --output five.conf --conf
	[ "$output" = "$(cat five.conf)" ]
}

@test "--output is refused before a peer is made" {
	init
	before=$(everything)
	t 2 add alice --output alice.gif
	error_is "--output 'alice.gif': its end says the format: NAME.conf, NAME.png or NAME.svg"
	mkdir out
	for path in .conf out/.conf ./.PNG out/ out/.x.; do
		t 2 add alice --output "$path"
		error_is "its end says the format"
	done
	rmdir out
	t 2 add alice --output alice.png --format svg
	error_is "--format and the end of --output differ"
	t 1 add alice --output missing/alice.conf
	error_is "directory 'missing/': No such file"
	echo precious >alice.conf
	t 3 add alice --output alice.conf
	error_is "'alice.conf' exists already"
	ln -s nowhere alice.png
	t 3 add alice --output alice.png
	error_is "'alice.png' exists already"
	t 2 add alice --format png --output alice.svg
	[ "$(cat alice.conf)" = precious ]
	[ ! -e nowhere ]
	[ -z "$(hidden)" ]
	[ "$(everything)" = "$before" ]
}

@test "a peer that is not made leaves no file" {
	init
	p -q add alice >/dev/null
	t 3 add alice --output alice.conf
	[ ! -e alice.conf ]
	[ -z "$(hidden)" ]
	t 0 -n add bob --output bob.conf
	[ ! -e bob.conf ]
	[ -z "$(hidden)" ]
}

@test "a file that cannot be written: nothing is added" {
	init
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "needs a mount of its own"
	mkdir full
	# shellcheck disable=SC2016
	run -1 --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=4k,nr_inodes=16 none full &&
		head -c 4096 /dev/zero >full/fill; "$PEERAGE" -q add alice --output full/alice.conf
		code=$?; find full -name ".peerage-*" -o -name "alice*"; exit $code'
	error_is "cannot write 'full/.*: No space left on device; nothing was added"
	[ -z "$output" ]
	t 6 show alice
}

@test "pictures to stdout" {
	init
	p -q add alice --format png >alice.png
	zbarimg -q --raw alice.png | grep -q "^PrivateKey *="
	t 0 -q add bob --format svg
	[[ $output == *"<svg"* ]]
	tty 50x80 add carol --format png
	[ "$status" = 2 ]
	grep -q "a PNG file is not for a terminal: give --output FILE.png" screen
	tty 50x80 add carol --format svg
	[ "$status" = 2 ]
	grep -q "an SVG file is not for a terminal: give --output FILE.svg" screen
	no grep -q "<svg" screen
	t 6 show carol
}

@test "a config too long for a code is printed" {
	init
	routes=$(seq -f '10.%g.0.0/16,' 10 250 | tr -d '\n')
	tty 50x80 add alice --client-allowed-ips "${routes%,}"
	[ "$status" = 1 ]
	grep -q "the config is printed instead" screen
	key=$(p -j show alice | jq -r .peer.public_key)
	[ "$(tr -d '\r' <screen | sed -n 's/^PrivateKey = //p' | p pubkey)" = "$key" ]
	no grep -q "not kept" screen
	t 2 -q add bob --client-allowed-ips "${routes%,}" --output bob.png
	error_is "cannot make 'bob.png': .*do not fit a QR code.*nothing was added"
	[ -z "$output" ]
	t 6 show bob
	[ ! -e bob.png ]
	[ -z "$(hidden)" ]
}

@test "a public key of the user's own: a line to fill in, and no code" {
	init
	key=$(p genkey | p pubkey)
	t 2 add alice --public-key "$key" --qr
	error_is "with --public-key the private key is not here"
	t 2 add alice --public-key "$key" --output alice.png
	tty 50x80 add alice --public-key "$key"
	[ "$status" = 0 ]
	grep -q "^# PrivateKey =" screen
	t 0 -j show alice
	j ".peer.public_key == \"$key\""
	t 3 add bob --public-key "$key"
	error_is alice
}

@test "export: the config again, without the key" {
	init
	p -q add alice >alice.conf
	t 0 export alice
	[[ $output == *"# PrivateKey ="* && $stderr == *"alice: the private key was not kept"* ]]
	diff <(grep -vE '^(# )?(PrivateKey|The server)' <<<"$output") <(grep -v ^PrivateKey alice.conf)
	t 0 -q export alice --output again.conf
	[ "$(cat again.conf)" = "$(p -q export alice)" ]
	[ "$(stat -c %a again.conf)" = 600 ]
	t 3 export alice --output again.conf
	t 0 export alice --format wg-quick
	tty 50x80 export alice
	grep -q "^# PrivateKey =" screen
	p -q add bob >/dev/null
	t 0 -q export alice bob
	[ "${lines[0]}" = "# alice" ]
	t 6 export alice nobody
	[ -z "$output" ]
	p -qy revoke bob
	t 3 export bob
	[ -z "$output" ]
}

@test "qr and pictures of a key that was not kept: why, and the way out" {
	init
	p -q add alice >/dev/null
	for line in "qr alice" "qr alice --output a.png" "export alice --qr" \
		"export alice --format svg" "export alice --output a.png"
	do
		# shellcheck disable=SC2086
		t 1 $line
		[ -z "$output" ]
		error_is "private key of 'alice' was not kept.*peerage export alice.*peerage rotate alice"
	done
	[ ! -e a.png ]
	t 6 qr nobody
	t 2 qr alice --output a.gif
}
