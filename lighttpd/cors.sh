#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Prints the CORS headers in lighttpd's words, from the gateway's own settings. lighttpd cannot
# put a request's header into a response, so each origin has a block of its own.
set -eu

die()
{
	echo "lighttpd: $*" >&2
	exit 1
}

# list VARIABLE DEFAULT CHARACTERS: "a,b , c" becomes "a, b, c"
list()
{
	value=$(printenv "$1") || value=""
	[ -n "$value" ] || value=$2
	value=$(echo "$value" | tr -s ', ' '\n' | paste -sd, | sed 's/,/, /g')
	case $value in
	*[!$3]*) die "$1 cannot be '$value'" ;;
	esac
	printf %s "$value"
}

flag()
{
	eval "value=\${$1:-true}"
	case $(echo "$value" | tr '[:upper:]' '[:lower:]') in
	1 | true | yes | on) echo true ;;
	esac
}

# allow CONDITION ORIGIN
allow()
{
	cat <<-END
	\$REQUEST_HEADER["Origin"] $1 {
		setenv.set-response-header += (
			"Access-Control-Allow-Origin" => "$2",
			${credentials:+"\"Access-Control-Allow-Credentials\" => \"true\","}
			"Access-Control-Expose-Headers" => "$exposed",
		)
		\$HTTP["request-method"] == "OPTIONS" {
			setenv.set-response-header += (
				"Access-Control-Allow-Methods" => "$methods",
				"Access-Control-Allow-Headers" => "$headers",
				"Access-Control-Max-Age" => "600",
			)
		}
	}
	END
}

[ -n "$(flag ENABLE_CORS)" ] || exit 0
credentials=$(flag CORS_ALLOW_CREDENTIALS)
origins=$(list CORS_ALLOW_ORIGINS '' 'A-Za-z0-9:/._*, -')
[ -n "$origins" ] || exit 0
methods=$(list CORS_ALLOW_METHODS GET,POST,DELETE,OPTIONS 'A-Z*, ')
headers=$(list CORS_ALLOW_HEADERS Authorization,Content-Type,X-Request-ID,X-API-Key \
	'A-Za-z0-9*, -')
expose=X-Request-ID,Retry-After,Content-Disposition,X-Slide-Count,X-Render-ID
expose=$expose,X-Render-Warnings,X-PDF-File-Name,X-LaTeX-Compiler
exposed=$(list CORS_EXPOSE_HEADERS "$expose" 'A-Za-z0-9*, -')
[ "$methods" != '*' ] || methods='DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'

if [ "$origins" = '*' ]; then
	[ -z "$credentials" ] || die "CORS_ALLOW_ORIGINS=* needs CORS_ALLOW_CREDENTIALS=false"
	allow '!= ""' '*'
	exit
fi
echo 'setenv.set-response-header += ("Vary" => "Origin")'
set -f
for origin in $(echo "$origins" | tr -d ,); do
	allow "== \"$origin\"" "$origin"
done
