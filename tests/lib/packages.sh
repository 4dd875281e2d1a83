# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# install_packages NAME…: those that are missing, with apt-get, as root or by sudo.
# Where apt-get is not at hand and nothing is missing, that is fine too.
install_packages() {
	local missing=() name root=()
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "missing, and this system has no apt-get: ${missing[*]}" >&2
		return 1
	fi
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "missing, and neither root nor sudo to install: ${missing[*]}" >&2
			return 1
		}
		root=(sudo)
	fi
	echo "installing: ${missing[*]}" >&2
	# A list that cannot be fetched matters only if a package then is not found.
	"${root[@]}" apt-get -qq update >/dev/null 2>&1 || :
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "${missing[@]}" >/dev/null </dev/null
}
