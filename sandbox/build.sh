#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the sandbox image: NAME:core, NAME:data, NAME:full and NAME:latest, the highest there is.
# What it needs: docker, the supervisor from "make" and, where no registry can be reached,
# mmdebstrap. The builder's proxies and certificates are used but do not get into the image.
set -eu

usage()
{
	cat <<END
usage: sandbox/build.sh [options] [core|data|full]...   build (default: all of them)
       sandbox/build.sh [options] lock                  rewrite requirements*.txt from *.in
  --if-missing   do nothing where the images of exactly this content exist
  --fresh        take a new base and use no cached layer (security updates)
  --base IMAGE   start from this image instead of $registry_base
  --name NAME    name of the images, default $name
  --init FILE    the supervisor, default $init
  --log FILE     where the builder's output goes, default $log
environment: DOCKER_HOST, BUILD_NETWORK (default host), http_proxy and its kin, PIP_INDEX_URL,
             NPM_CONFIG_REGISTRY, PIP_CERT (default: the system's certificates)
END
}

say() { echo "sandbox image: $*"; }

die()
{
	say "$*" >&2
	exit 1
}

# Run with the output in the log; show its end when it fails.
logged()
{
	echo "+ $*" >>"$log"
	"$@" >>"$log" 2>&1 && return
	tail -n 40 "$log" >&2
	die "failed: $1 $2; all of it is in $log"
}

have() { docker image inspect "$1" >/dev/null 2>&1; }

# A registry's Debian where one answers, else one made here from Debian's packages.
find_base()
{
	[ -z "$base" ] || return 0
	if [ -z "$fresh" ]; then
		for base in "$registry_base" "$own_base"; do
			if have "$base"; then return; fi
		done
	fi
	base=$registry_base
	if timeout 120 docker pull "$base" >>"$log" 2>&1; then return; fi
	base=$own_base
	command -v mmdebstrap >/dev/null ||
		die "cannot pull $registry_base and there is no mmdebstrap to make it from packages"
	say "no registry answers: making Debian trixie with mmdebstrap"
	logged bootstrap "$base"
}

# As slim as the registry's: no documentation, no translations.
bootstrap()
{
	mmdebstrap --variant=minbase --components=main \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		trixie "$tmp/base.tar" \
		'deb http://deb.debian.org/debian trixie main' \
		'deb http://deb.debian.org/debian trixie-updates main' \
		'deb http://deb.debian.org/debian-security trixie-security main' &&
		docker import "$tmp/base.tar" "$1" &&
		rm "$tmp/base.tar"
}

# The context holds what the Dockerfile names and nothing else, with modes of our choice.
stage_context()
{
	mkdir -p "$context/libexec"
	chmod 0755 "$context" "$context/libexec"
	install -m 0644 "$here/Dockerfile" "$here"/requirements*.txt "$here"/*.patch "$context"
	install -m 0644 "$here"/render/package*.json "$here"/render/cdn/packages.txt \
		"$here"/render/cdn/collect.sh "$here"/tex/* "$here"/fonts*.conf "$context"
	for room in python render latex; do stage_room "$room"; done
	[ "$1" = lock ] || install -m 0755 "$init" "$context/libexec/sandbox-init"
	content=$(cd "$context" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
	content=${content%% *}
	stage_certificates
}

# What runs beside the supervisor, without its tests.
stage_room()
{
	(cd "$here" && find "$1" -path '*/test' -prune -o -path '*/node_modules' -prune -o \
		-type f \( -name '*.py' -o -name '*.js' \) -print) |
		while read -r file; do
			install -D -m 0644 "$here/$file" "$context/libexec/$file"
		done
}

# Not part of the content: other certificates make the same image.
stage_certificates()
{
	for bundle in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" \
		/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /dev/null; do
		[ ! -r "$bundle" ] || break
	done
	install -m 0644 "$bundle" "$context/ca.crt"
}

# build TARGET [docker build's options]
build()
{
	target=$1
	shift
	for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
		PIP_INDEX_URL NPM_CONFIG_REGISTRY; do
		if printenv "$variable" >/dev/null; then set -- --build-arg "$variable" "$@"; fi
	done
	logged docker build --network "$network" --build-arg "BASE=$base" --target "$target" \
		--label "code-gateway.content=$content" "$@" "$context"
}

build_level()
{
	started=$(date +%s)
	say "building $1"
	# shellcheck disable=SC2086 # empty or one option each
	build "$1" $manner $fresh --tag "$name:$1"
	bytes=$(docker image inspect --format '{{.Size}}' "$name:$1")
	say "$name:$1 is $((bytes / 1000000)) MB, took $(($(date +%s) - started)) s"
}

is_current()
{
	label=$(docker image inspect "$name:$1" \
		--format '{{index .Config.Labels "code-gateway.content"}}' 2>/dev/null) &&
		[ "$label" = "$content" ]
}

tag_latest()
{
	for level in full data core; do
		if have "$name:$level"; then
			docker tag "$name:$level" "$name:latest"
			return
		fi
	done
}

lock()
{
	# shellcheck disable=SC2086
	build tools $manner $fresh --iidfile "$tmp/tools"
	tar -C "$here" -cf - lock.py requirements-core.in requirements.in requirements-full.in |
		docker run --rm --interactive --network "$network" "$(cat "$tmp/tools")" sh -c '
			cd /tmp && tar -xf - && python3 lock.py *.in >&2 && tar -cf - requirements*.txt' |
		tar -C "$here" --no-same-owner -xf -
	say "locked $(grep -c == "$here/requirements.txt") packages"
}

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
registry_base=debian:trixie-slim
own_base=code-sandbox-base:trixie
network=${BUILD_NETWORK:-host}
name=code-sandbox
init=$top/sandbox-init
log=$top/.run/sandbox-image.log
base='' fresh='' manner='' if_missing='' core='' data='' full='' lock=''

while [ $# -gt 0 ]; do
	case $1 in
	--if-missing) if_missing=yes ;;
	--fresh) fresh=--no-cache ;;
	--base | --name | --init | --log)
		[ $# -gt 1 ] || die "$1 needs a value"
		eval "${1#--}=\$2"
		shift
		;;
	core) core=core ;;
	data) data=data ;;
	full) full=full ;;
	lock) lock=lock ;;
	--help | -h)
		usage
		exit
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done
[ -n "$core$data$full$lock" ] || core=core data=data full=full

[ -n "$lock" ] || [ -f "$init" ] || die "there is no $init: run make first"
docker version >/dev/null 2>&1 || die "no Docker daemon answers at ${DOCKER_HOST:-its default address}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
context=$tmp/context
stage_context "${lock:-image}"
if [ -n "$if_missing" ]; then
	missing=''
	have "$name:latest" || missing=yes
	for level in $full $data $core; do
		is_current "$level" || missing=yes
	done
	[ -n "$missing" ] || exit 0
fi

mkdir -p "$(dirname "$log")"
: >"$log"
# The classic builder where BuildKit's client is missing; with it the image has to be loaded.
if [ "${DOCKER_BUILDKIT:-1}" != 0 ] && docker buildx version >/dev/null 2>&1; then
	manner=--load
elif [ "${DOCKER_BUILDKIT:-0}" = 0 ]; then
	export DOCKER_BUILDKIT=0
	manner=--force-rm
fi
find_base
if [ -n "$lock" ]; then
	lock
	exit
fi
# The highest first: it builds what the lower ones share.
for level in $full $data $core; do
	build_level "$level"
	fresh=''
done
tag_latest
