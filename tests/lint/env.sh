#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# .env.example, the README's table of settings and the defaults of the web servers' scripts are
# what the program says; run where it was built.
# usage: env.sh [table]    table prints the README's
set -u
top=${top_srcdir:-.}
example=$top/.env.example
number=0

# One row per section; a name whose line is a comment is a setting like any other.
table()
{
	awk '
	/^# ---- / { row = row == "" ? "" : row " |\n"; rows = rows row; row = "| " substr($0, 8) " |" }
	match($0, /^#?[A-Z0-9_]+=/) {
		name = substr($0, 1, RLENGTH - 1)
		sub(/^#/, "", name)
		row = row " `" name "`"
	}
	END { printf "| section | settings |\n| --- | --- |\n%s%s |\n", rows, row }' "$example"
}

# Each {$NAME:default} of the Caddyfile, blanks apart.
caddy_defaults()
{
	grep -oE '\{\$[A-Z_]+:[^}]*\}' "$top/caddy/Caddyfile" | tr -d '{}$ ' | sed 's/:/=/' | sort -u
}

# said PATTERN: the lines NAME=value of .env.example
said() { sed -n "s/^#//; /^$1=/p" "$example"; }

# as_said SCRIPT PATTERN: what a script of lighttpd's prints, with our defaults for its own
as_said()
{
	# shellcheck disable=SC2046 # words without blanks
	env -i PATH="$PATH" $(said "$2") sh "$top/lighttpd/$1"
}

# same WHAT WANTED FOUND HELP
same()
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - lint: $1"
	else
		echo "not ok $number - lint: $1"
		echo "# $4"
		printf '%s\n--- but:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

if [ "${1:-}" = table ]; then
	table
	exit
fi

cors='\(ENABLE_CORS\|CORS_[A-Z_]*\)'
places='\(GATEWAY_BIND\|GATEWAY_PORT\|UPLOAD_DIRECTORY\|LIGHTTPD_USER\)'
echo 1..5
same '.env.example is what --print-env writes' "$(./code-gateway --print-env)" \
	"$(cat "$example")" 'code-gateway --print-env > .env.example'
same 'README.md names every setting' "$(table)" \
	"$(sed -n '/^| section | settings |/,/^$/p' "$top/README.md" | sed '/^$/d')" \
	'tests/lint/env.sh table prints its table'
same 'the Caddyfile has our defaults' "$(caddy_defaults)" \
	"$(caddy_defaults | while IFS='=' read -r name _; do said "$name"; done)" \
	'the defaults in caddy/Caddyfile, and config.def'
# Without an origin it prints nothing.
same 'lighttpd/cors.sh has our defaults' "$(as_said cors.sh "$cors")" \
	"$(as_said cors.sh CORS_ALLOW_ORIGINS)" 'lighttpd/cors.sh and config.def'
same 'lighttpd/settings.sh has our defaults' "$(as_said settings.sh "$places")" \
	"$(as_said settings.sh NONE)" 'lighttpd/settings.sh and config.def'
