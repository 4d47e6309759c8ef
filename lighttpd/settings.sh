#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Prints what gateway.conf takes from the environment: the gateway's own FASTCGI_SOCKET and
# GATEWAY_PORT, and what is lighttpd's alone. A value that looks wrong ends lighttpd's start.
set -eu

die()
{
	echo "lighttpd: $*" >&2
	exit 1
}

# setting VARIABLE DEFAULT CHARACTERS: the value, which has no other characters
setting()
{
	value=$(printenv "$1") || value=""
	[ -n "$value" ] || value=$2
	case $value in
	*[!$3]*) die "$1 cannot be '$value'" ;;
	esac
	printf %s "$value"
}

path() { setting "$1" "$2" A-Za-z0-9/._@+-; }

cd "$(dirname "$0")"
bind=$(setting GATEWAY_BIND 127.0.0.1 '][0-9A-Za-z.:-')
port=$(setting GATEWAY_PORT 8000 0-9)
uploads=$(path UPLOAD_DIRECTORY /var/cache/lighttpd/uploads)
socket=$(setting FASTCGI_SOCKET /run/code-gateway/gateway.sock A-Za-z0-9/._@+:-)
user=$(setting LIGHTTPD_USER www-data a-z0-9_-)
certificate=$(path TLS_CERTIFICATE '')
key=$(path TLS_KEY "$certificate")

case $socket in
/*) address="\"socket\" => \"$socket\"" ;;
*:*) address="\"host\" => \"${socket%:*}\", \"port\" => ${socket##*:}" ;;
*) die "FASTCGI_SOCKET cannot be '$socket'" ;;
esac
cat <<END
server.bind = "$bind"
server.port = $port
server.document-root = "$PWD/errors"
server.errorfile-prefix = "$PWD/errors/"
server.upload-dirs = ("$uploads")
gateway_address = ($address)
conf_directory = "$PWD"
END

# Only root can become somebody else, and may stay what it is.
if [ "$(id -u)" -eq 0 ] && [ "$user" != root ]; then
	group=$(id -gn "$user")
	printf 'server.username = "%s"\nserver.groupname = "%s"\n' "$user" "$group"
fi

if [ -n "$certificate" ]; then
	cat <<-END
	server.modules += ("mod_openssl")
	ssl.engine = "enable"
	ssl.pemfile = "$certificate"
	ssl.privkey = "$key"
	END
fi
