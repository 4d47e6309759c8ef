#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gateway as a process.
if ! command -v python3 >/dev/null; then
	echo '1..0 # SKIP no python3'
	exit 0
fi
exec python3 "${top_srcdir:-.}/tests/unit/gateway.py"
