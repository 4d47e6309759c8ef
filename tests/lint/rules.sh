#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The rules of this tree that a machine can check, as TAP.  A tree to look at may be given.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-${top_srcdir:-.}}" || exit 99
number=0

# Prints file:line: text for every match in the files.
found() {
	pattern=$1
	shift
	[ $# -eq 0 ] || grep -nHE -e "$pattern" "$@"
}

# A call of one of these functions, not of our own whose name ends alike.
called() {
	functions=$1
	shift
	found "(^|[^_a-zA-Z0-9.>])($functions) *\\(" "$@"
}

# $1: the rule; $2: what breaks it, one line each.
rule() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - lint: $1"
	else
		echo "not ok $number - lint: $1"
		echo "$2" | sed 's/^/# /'
	fi
}

includes_point_down() {
	awk '
	function room(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "" }
	FILENAME ~ /\/rooms$/ {
		if (/^#/)
			next
		sub(/:/, "")
		known[$1] = 1
		for (i = 2; i <= NF; i++)
			may[$1, $i] = 1
		next
	}
	/^ *# *include *"/ {
		split($0, part, "\"")
		from = room(FILENAME)
		to = room(part[2])
		if (to == "" || (known[from] && to != from && !may[from, to]))
			print FILENAME ":" FNR ": " $0
	}' "$here/rooms" "$@"
}

# Comments may say what they like.
has_one_owner() {
	while IFS= read -r line; do
		case $line in '#'*) continue ;; esac
		found "${line#*: }" "$@" | grep -vE "^(${line%%: *}:|[^:]*:[0-9]+:[[:blank:]]*(/\\*| \\* ))"
	done < "$here/owners"
}

has_no_licence() {
	for file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2\.0' || echo "$file:1:"
	done
}

is_longer_than() {
	max=$1
	shift
	awk -v max="$max" 'FNR == max + 1 { print FILENAME ": more than " max " lines" }' "$@"
}

# A function is what stands between braces in column 0.
has_functions_longer_than() {
	max=$1
	shift
	awk -v max="$max" '
	/^[a-zA-Z].*\(/ { name = $0 }
	/^{/ { start = FNR }
	/^}/ { if (FNR - start > max) print FILENAME ":" start ": " name; start = FNR }' "$@"
}

logs() {
	found '#include "lib/log\.h"' "$@" | grep -vE '^(fcgi-app/[a-z]+\.c|fcgi-app/policy/janitor\.c|lib/log\.c):'
}

# shellcheck disable=SC2046 # none of our file names has a blank
set -- $(find fcgi-app lib sandbox tests -name fixture -prune -o -name node_modules -prune \
	-o -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' \
	-o -name '*.js' -o -name '*.mjs' -o -name Dockerfile \) -print | LC_ALL=C sort)
texts=$*
c='' rooms='' bare='' scripts=''
for file in $texts; do
	case $file in
	*.[ch] | *.def)
		c="$c $file"
		case $file in tests/*) ;; *) rooms="$rooms $file" ;; esac
		case $file in lib/wire/* | sandbox/init/*) bare="$bare $file" ;; esac
		;;
	*.sh | *.py) scripts="$scripts $file" ;;
	esac
done

# shellcheck disable=SC2086 # lists of files
{
	rule 'includes start at the root and point down' "$(includes_point_down $c)"
	rule 'each library, and the environment, has one file' "$(has_one_owner $rooms)"
	rule 'lib/wire and sandbox/init have no heap' \
		"$(called 'malloc|calloc|realloc|reallocarray|free|strn?dup|v?asprintf|open_memstream|getline' $bare)"
	rule 'functions that invite mistakes are not called' \
		"$(called 'strcpy|strcat|v?sprintf|strtok|atoi|atol|atof|system|popen|alloca|s?rand|gets' $c)"
	rule 'only the spine and the janitor log' "$(logs $rooms)"
	rule 'what is left to do is an issue, not a comment' "$(found 'TOD[O]|FIXM[E]' $texts)"
	rule 'every source names its licence' "$(has_no_licence $c $scripts)"
	rule 'files have at most 400 lines' "$(is_longer_than 400 $rooms)"
	rule 'functions have at most 60 lines' "$(has_functions_longer_than 60 $c)"
	rule 'no blanks end a line' "$(found '[[:blank:]]$' $texts)"
}
echo "1..$number"
