#!/bin/bash
# SPDX-License-Identifier: ISC
# Plans reach what is desired on a real kernel: 200 random states, each from the one
# before, with `wg show dump` as witness. PRG_SEED repeats a run.
set -u
driver=$PEERAGE_BUILD/tests/property_driver
ip link add wg0 type wireguard || { echo 'Bail out! no WireGuard' && exit 1; }
# shellcheck disable=SC2086
"$driver" wg0 200 ${PRG_SEED-}
status=$?
echo 1..1
exit $status
