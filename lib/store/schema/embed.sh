#!/bin/sh
# SPDX-License-Identifier: ISC
# embed.sh INPUT OUTPUT: INPUT's lines as one C string literal.
exec sed -e 's/[\\"]/\\&/g' -e 's/	/\\t/g' -e 's/^/"/' -e 's/$/\\n"/' "$1" >"$2"
