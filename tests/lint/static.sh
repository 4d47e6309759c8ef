#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make lint` runs: each analyzer over our own files, in the source tree; the arguments are
# the flags to compile with.  Whatever one of them says, a missing tool included, is a failure.
set -u
cd "${top_srcdir:-.}" || exit 99
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

all=$(find fcgi-app lib sandbox tests -name fixture -prune -o -name '*.[ch]' -print | LC_ALL=C sort)
ours=$(echo "$all" | grep '\.c$' | grep -v '^tests/unit/') # CUnit's asserts do not end a function

# $1: the tool; $2: what it says.
report() {
	if [ -z "$2" ]; then
		echo "lint: $1: nothing to say"
	else
		printf 'lint: %s:\n%s\n' "$1" "$2"
		status=1
	fi
}

# The tokens of a file: line breaks and columns are the author's.  clang-format 14 takes a few stars
# and arrows for operators.
squeeze() {
	sed 's/[[:blank:]]*\\$//' | tr -s ' \t\n' '   ' |
		sed -E 's/([({]) /\1/g; s/ ([)}])/\1/g; s/(\} \*) /\1/g; s/ -> /->/g; s/; /;\n/g'
}

check_format() {
	for file in $all; do
		clang-format "$file" | squeeze > "$scratch/want"
		squeeze < "$file" | diff "$scratch/want" - > "$scratch/difference" ||
			sed "s|^|$file: |" "$scratch/difference"
	done
}

# Leaks are LeakSanitizer's: gcc 12 does not follow a pointer into a block.
analyze() {
	for file in $ours; do
		gcc "$@" -fanalyzer -Wno-analyzer-malloc-leak -c -o "$scratch/object" "$file"
	done
}

# Off is what cppcheck gets wrong: the cleanup attribute, macros, hexadecimal floats, an address taken
# before an assert; and what the house does: a buffer stands at the top of its function, a noun may
# be a function here and a variable there.
# shellcheck disable=SC2086 # a list of files
check_c() {
	cppcheck -q --enable=warning,style,performance,portability --std=c11 -I. -D_GNU_SOURCE \
		--suppress=missingIncludeSystem --suppress=memleak --suppress=unusedStructMember \
		--suppress=knownConditionTrueFalse --suppress=incorrectLogicOperator \
		--suppress=negativeIndex --suppress=shadowFunction --suppress=variableScope -D__x86_64__ $ours
}

report clang-format "$(check_format 2>&1)"
report 'gcc -fanalyzer' "$(analyze "$@" 2>&1)"
report cppcheck "$(check_c 2>&1)"
# shellcheck disable=SC2086
report clang-tidy "$(clang-tidy --quiet $ours -- "$@" 2>&1 | grep -vE '^[0-9]+ warnings? generated')"
report shellcheck "$(find . -name '*.sh' ! -path './build-aux/*' -exec shellcheck {} + 2>&1)"
exit $status
