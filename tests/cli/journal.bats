# SPDX-License-Identifier: ISC
# Goal: with every change the journal is told number, verb and hash, and nothing
# else; where there is no journal, nothing happens.
load common

alone() {
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "needs a mount namespace"
}

# journalled ARG…: runs peerage under a journal of our own; what it got is in `got`
journalled() {
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
		exec perl -MSocket -e "$0" "$@"' '
		my $file = shift;
		socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
		bind($s, pack_sockaddr_un("/run/systemd/journal/socket")) or die $!;
		my $status = system(@ARGV) >> 8;
		open(my $got, ">", $file) or die $!;
		while (defined recv($s, my $entry, 65536, MSG_DONTWAIT)) { print $got "$entry--\n" }
		close($got) or die $!;
		exit $status;' got "$PEERAGE" "$@"
}

@test "a change is told: number, verb, hash" {
	alone
	init
	journalled -q add alice --note private-note >config
	[ "$(grep -c '^--$' got)" = 1 ]
	grep -qE '^PEERAGE_ENTRY=[0-9]+$' got
	grep -q '^PEERAGE_VERB=add$' got
	grep -qE '^PEERAGE_HASH=[0-9a-f]{64}$' got
	grep -q '^SYSLOG_IDENTIFIER=peerage$' got
	grep -qE '^MESSAGE=entry [0-9]+ add [0-9a-f]{64}$' got
	[ "$(sed 's/=.*//' got | sort -u | tr '\n' ' ')" = "-- MESSAGE MESSAGE_ID PEERAGE_ENTRY PEERAGE_HASH PEERAGE_VERB PRIORITY SYSLOG_IDENTIFIER " ]
	no grep -qE 'alice|private-note' got
	no grep -qF "$(sed -n 's/^PrivateKey = //p' config)" got
	first=$(sed -n 's/^PEERAGE_ENTRY=//p' got)
	journalled -q disable alice
	[ "$(sed -n 's/^PEERAGE_ENTRY=//p' got)" = $((first + 1)) ]
	grep -q '^PEERAGE_VERB=disable$' got
}

@test "what changes nothing tells nothing" {
	alone
	init
	p -q add alice >/dev/null
	journalled -q list >/dev/null
	[ ! -s got ]
	journalled -q -n revoke alice >/dev/null
	[ ! -s got ]
	no journalled -q add alice >/dev/null 2>&1
	[ ! -s got ]
	journalled -q -n init wg1 --endpoint 192.0.2.1 >/dev/null
	[ ! -s got ]
}

@test "no journal, no matter" {
	alone
	init
	# shellcheck disable=SC2016
	run -0 --separate-stderr unshare -m bash -c 'mount -t tmpfs none /run && "$PEERAGE" -q add alice'
	[[ $output == *PrivateKey* ]]
	[ -z "$stderr" ]
}
