#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# .env.example is what the program writes; run where it was built.
set -u
echo 1..1
if ./code-gateway --print-env | cmp -s - "${top_srcdir:-.}/.env.example"; then
	echo 'ok 1 - lint: .env.example is what --print-env writes'
else
	echo 'not ok 1 - lint: .env.example is what --print-env writes'
	echo '# code-gateway --print-env > .env.example'
fi
