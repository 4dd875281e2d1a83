# SPDX-License-Identifier: ISC
# Goal: networks behind a peer are routed to the interface, leave with the peer,
# and never take a route from another device of the host.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
topology
server_up

own() { in_ns server ip -j route show dev wg0 proto static | jq -r '[.[].dst] | sort | join(" ")'; }
lan() { in_ns server ip -4 route show 198.51.100.0/24; }

exits 0 "a peer with two networks behind it" peerage -q add site --routes 192.168.7.0/24,fd99::/64 --conf
is "its network has a route" "$(own)" 192.168.7.0/24
ok "and the one of IPv6" in_ns server sh -c 'ip -6 route show fd99::/64 | grep -q wg0'
ok "the kernel equals the register" kernel_equals_register
exits 0 "disable" peerage -q disable site
is "the route is gone" "$(own)" ""
exits 0 "enable" peerage -q enable site
is "and is back" "$(own)" 192.168.7.0/24
exits 0 "other routes" peerage -q set site --routes 192.168.8.0/24
is "one goes, one comes" "$(own)" 192.168.8.0/24
exits 3 "the same route for another peer is refused" peerage -q add other --routes 192.168.8.0/24 --conf
exits 0 "down" peerage -q down
exits 0 "up" peerage -q up
is "up makes the routes" "$(own)" 192.168.8.0/24
exits 0 "a default route behind a peer" peerage -q add exit --routes 0.0.0.0/0 --conf
ok "leaves the host's own alone" in_ns server sh -c 'ip route show default | grep -q 198.51.100.1'
ok "and is an allowed IP" in_ns server sh -c 'wg show wg0 allowed-ips | grep -q 0.0.0.0/0'
exits 0 "revoke" peerage -q -y revoke exit

exits 0 "another pool for the interface" peerage -q configure address \
	"$(in_ns server ip -j addr show wg0 | jq -r '[.[0].addr_info[] | select(.scope == "global") |
		if .family == "inet" then "\(.local)/23" else "\(.local)/\(.prefixlen)" end] | join(",")')"
is "the routes behind peers survive the change of address" "$(own)" 192.168.8.0/24
exits 0 "and nothing differs" peerage -q sync -n

lan >"$box/before"
exits 4 "a network that this host is in" peerage -q add greedy --routes 198.51.100.0/24 --conf
ok "says whose route it is" grep -q '198.51.100.0/24 elsewhere' "$box/errs"
is "in one line" "$(wc -l <"$box/errs")" 1
ok "the host keeps its route" diff "$box/before" <(lan)
exits 4 "what cannot be applied stays pending" peerage -q set site --note still
exits 0 "until it is mended" peerage -q set greedy --routes none
exits 0 "nothing is left to do" peerage -q sync -n
ok "the host's route is as it was" diff "$box/before" <(lan)
ok "the kernel equals the register" kernel_equals_register
in_ns server ip route replace 198.51.100.0/24 dev eth0 scope link metric 100
in_ns server ip route del 198.51.100.0/24 dev eth0 proto kernel
exits 4 "the same where the host's route has a metric" peerage -q set greedy --routes 198.51.100.0/24
ok "the gateway is still reached by eth0" in_ns server sh -c 'ip route get 198.51.100.1 | grep -q "dev eth0"'
exits 0 "until it is mended" peerage -q set greedy --routes none
finish
