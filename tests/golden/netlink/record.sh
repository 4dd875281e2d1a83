#!/bin/bash
# SPDX-License-Identifier: ISC
# Records what `wg`, `ip` and `nft` say to the kernel and what it answers, byte by byte:
# record.sh DIRECTORY, as root, in a network namespace without wg0 and wg9. The
# files *.sent and *.received beside this script were made by it on Linux 6.1
# with wireguard-tools 1.0.20210914, iproute2 6.1 and nftables 1.0.6.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/record.c" <<'EOF'
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
static void record(const char *way, const void *bytes, size_t n)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s.%s", getenv("RECORD"), way);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		abort();
	close(fd);
}
ssize_t sendto(int fd, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l)
{
	ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
	        dlsym(RTLD_NEXT, "sendto");
	record("sent", b, n);
	return next(fd, b, n, f, a, l);
}
ssize_t sendmsg(int fd, const struct msghdr *m, int f)
{
	ssize_t (*next)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
	for (size_t i = 0; i < m->msg_iovlen; i++)
		record("sent", m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
	return next(fd, m, f);
}
ssize_t recvmsg(int fd, struct msghdr *m, int f)
{
	ssize_t (*next)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	ssize_t n = next(fd, m, f);
	if (n > 0 && !(f & MSG_PEEK))
		record("received", m->msg_iov[0].iov_base, n);
	return n;
}
EOF
gcc -D_GNU_SOURCE -shared -fPIC -o "$work/record.so" "$work/record.c" -ldl

record() {
	local name=$1
	shift
	rm -f "$out/$name.sent" "$out/$name.received"
	RECORD=$out/$name LD_PRELOAD=$work/record.so "$@" >/dev/null || true
}
key() { printf "\\x0$1%.0s" {1..32} | base64; }

ip link add wg0 type wireguard
key 4 > "$work/psk"
printf H%.0s {1..32} | base64 > "$work/private" # clamped already
many=$(for i in {0..511}; do printf '10.1.%d.%d/32,' $((i / 256)) $((i % 256)); done)
record set-device wg set wg0 private-key "$work/private" listen-port 51820 fwmark 0x20
record set-peer wg set wg0 peer "$(key 1)" preshared-key "$work/psk" endpoint 192.0.2.7:1234 \
	persistent-keepalive 25 allowed-ips 10.0.0.1/32,fd00::1/128,10.9.0.0/16
record set-v6 wg set wg0 peer "$(key 2)" endpoint '[2001:db8::7]:4321' allowed-ips fd00::2/128
record set-empty wg set wg0 peer "$(key 3)"
record show wg show wg0 dump
record remove wg set wg0 peer "$(key 2)" remove
record absent wg set wg9 peer "$(key 2)" remove
record set-many wg set wg0 peer "$(key 3)" allowed-ips "${many%,}"
record show-many wg show wg0 dump
record link-set ip link set wg0 alias peerage:x mtu 1400 up
record link-show ip -d link show wg0
record address-add ip addr add 10.7.0.1/24 dev wg0
record address-add-v6 ip addr add fd07::1/64 dev wg0
record address-show ip addr show dev wg0
record route-add ip route add 172.20.0.0/16 dev wg0 proto static
record route-show ip route show dev wg0
nft -f - <<'END'
add table inet peerage-wg0
add chain inet peerage-wg0 forward { type filter hook forward priority -150; }
add table ip filter
add chain ip filter INPUT { type filter hook input priority 0; policy drop; }
add chain ip filter user
add chain ip filter OUTPUT { type filter hook output priority 0; }
add table ip6 six
add chain ip6 six through { type nat hook input priority 100; }
add table inet empty
END
record nft-show nft list chains
nft flush ruleset
cat >"$work/load" <<'END'
add table inet peerage-wg0
delete table inet peerage-wg0
add table inet peerage-wg0
add chain inet peerage-wg0 forward { type filter hook forward priority -150; policy accept; }
add rule inet peerage-wg0 forward iifname == "wg0" oifname == "wg0" drop comment "isolation"
add rule inet peerage-wg0 forward iifname == "wg0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu comment "clamp"
add chain inet peerage-wg0 postrouting { type nat hook postrouting priority 100; policy accept; }
add rule inet peerage-wg0 postrouting ip saddr == 10.7.0.0/24 oifname != { "lo", "wg0" } masquerade comment "v4"
add rule inet peerage-wg0 postrouting ip6 saddr == fd07::/64 oifname == "eth0" masquerade comment "v6"
END
record nft-load nft -f "$work/load"
rm -f "$out"/{link-set,address-add,address-add-v6,route-add}.received
rm -f "$out"/{set-device,set-peer,set-v6,set-empty,set-many,remove,nft-load}.received
rm -f "$out"/{show,show-many,absent,link-show,address-show,route-show,nft-show}.sent
