#!/bin/bash
# SPDX-License-Identifier: ISC
# A quick look at what tests/fault/kill.sh goes through in full: kill -9 at each
# FAULT_STEPth system call of add, revoke and up.
export FAULT_STEP=${FAULT_STEP:-47} FAULT_VERBS=${FAULT_VERBS:-add revoke up}
. "$(dirname "$0")/../fault/kill.sh"
