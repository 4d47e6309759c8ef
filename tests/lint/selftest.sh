#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every rule must see its violation in the fixture, and nothing else.
set -u
here=$(cd "$(dirname "$0")" && pwd)
echo 1..1
if difference=$(sh "$here/rules.sh" "$here/fixture" | diff "$here/fixture/expected" -); then
	echo 'ok 1 - lint: sees what is wrong in the fixture'
else
	echo 'not ok 1 - lint: sees what is wrong in the fixture'
	echo "$difference" | sed 's/^/# /'
fi
