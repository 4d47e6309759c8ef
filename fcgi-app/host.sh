# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the gateway needs of the machine: Debian packages, a Docker daemon, the sandbox image.
# Read by run.sh and tests/run-all, which set $top, $self and its $arguments, $run (logs and the
# daemon's data) and $sockets, whose name is short: a socket's path has 107 characters at most.
# shellcheck disable=SC2034,SC2154 # set here and used there, or the other way round

# The names hold for Debian 12 and 13.
packages_build='autoconf autoconf-archive automake gcc libc6-dev libcjson-dev libcunit1-dev
	libcurl4-openssl-dev libfcgi-dev libhiredis-dev libjwt-dev libssl-dev libzip-dev make
	pkg-config'
packages_run='ca-certificates curl lighttpd lighttpd-modules-lua redis-server'
packages_image='debian-archive-keyring mmdebstrap uidmap'
packages_test='caddy clang git iproute2 libclang-rt-dev lighttpd-mod-openssl llvm openssl python3
	python3-venv shellcheck xz-utils'

packages_bench='git python3 wrk xz-utils'

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { echo "$*"; }

die()
{
	echo "$*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Also of a child that nobody has waited for yet.
is_gone() { [ ! -d "/proc/$1" ] || grep -q '^State:[[:blank:]]*Z' "/proc/$1/status" 2>/dev/null; }

# until_true SECONDS COMMAND...
until_true()
{
	tries=$(($1 * 10))
	shift
	until "$@"; do
		[ "$((tries -= 1))" -gt 0 ] || return 1
		sleep 0.1
	done
}

# Runs a command so that a signal is heard at once, not when the command ends; end_busy ends it.
aside()
{
	setsid "$@" </dev/null &
	busy=$!
	status=0
	wait "$busy" || status=$?
	busy=''
	return "$status"
}

end_busy()
{
	[ -n "${busy:-}" ] || return 0
	kill -- "-$busy" 2>/dev/null || :
	until_true 10 is_gone "$busy" || kill -KILL -- "-$busy" 2>/dev/null || :
}

# logged FILE COMMAND...: its output goes to the file, whose end is shown when it fails
logged()
{
	log=$1
	shift
	aside "$@" >"$log" 2>&1 || give_up "$*" "$log"
}

give_up()
{
	tail -n 30 "$2" >&2
	die "failed: $1; all of its output is in $2"
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		return 1
	fi
}

# ---------------------------------------------------------------- packages

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages()
{
	for package; do
		is_installed "$package" || echo "$package"
	done
}

# As root. Debian starts a server when it installs it, and at each boot: Docker may where systemd
# runs, the others are ours to start.
# shellcheck disable=SC2016 # it is another shell's
install_script='
	set -eu
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap "rm -f $policy" EXIT
		printf "#!/bin/sh\nexit 101\n" >$policy
		chmod 0755 $policy
	fi
	export DEBIAN_FRONTEND=noninteractive
	timeout 600 apt-get update -q
	case " $* " in
	*" docker.io "*) ! apt-cache show docker-cli >/dev/null 2>&1 || set -- docker-cli "$@" ;;
	esac
	timeout 1800 apt-get install -y -q --no-install-recommends "$@"
	for service in redis-server lighttpd caddy; do
		case " $* " in
		*" $service "*) systemctl disable $service >/dev/null 2>&1 || : ;;
		esac
	done
	case " $* " in
	*" docker.io "*) [ ! -d /run/systemd/system ] || systemctl start docker || : ;;
	esac'

# install_packages PACKAGE...: those that are not there yet
install_packages()
{
	# shellcheck disable=SC2046,SC2086 # a list of words
	set -- $(missing_packages "$@")
	[ $# -gt 0 ] || return 0
	have apt-get || die "this is no Debian; install what these packages hold: $*"
	say "Installing Debian packages: $*"
	if [ "$(id -u)" -ne 0 ] && ! have sudo; then
		die "that needs root and there is no sudo; as root: apt-get install --no-install-recommends $*"
	fi
	# In the foreground: sudo may have to ask for a password.
	as_root sh -c "$install_script" install "$@" >"$run/packages.log" 2>&1 ||
		give_up "apt-get install $*" "$run/packages.log"
}

# ---------------------------------------------------------------- Docker

local_docker=unix:///var/run/docker.sock

docker_answers() { timeout 10 docker --host "$1" version >/dev/null 2>&1; }

# Sets and exports DOCKER_HOST: what it names, else the machine's own daemon, else one of ours.
find_docker()
{
	have docker || install_docker
	if is_docker_there; then return; fi
	have dockerd || install_docker
	is_docker_there || start_docker
}

is_docker_there()
{
	if [ -n "${DOCKER_HOST:-}" ]; then
		if docker_answers "$DOCKER_HOST"; then return; fi
		case $DOCKER_HOST in
		unix://*) say "No Docker daemon answers at $DOCKER_HOST, which DOCKER_HOST names" ;;
		*) die "no Docker daemon answers at $DOCKER_HOST, which DOCKER_HOST names" ;;
		esac
	fi
	join_docker_group
	docker_answers "$local_docker" && export DOCKER_HOST="$local_docker"
}

install_docker()
{
	install_packages docker.io apparmor
	[ ! -d /run/systemd/system ] || until_true 20 [ -S "${local_docker#unix://}" ] || :
}

# Debian's daemon answers root and its group only; by sudo this script goes on as a member of it.
join_docker_group()
{
	socket=${local_docker#unix://}
	if [ ! -S "$socket" ] || [ -w "$socket" ] || [ "$(id -gn)" = docker ] || ! have sudo; then
		return 0
	fi
	say "Docker is for its group: going on as a member of it, by sudo"
	rm -f "$run/run.pid"
	[ "${sockets:-$run}" = "$run" ] || rm -rf "$sockets"
	# shellcheck disable=SC2086 # words without blanks
	exec sudo --preserve-env --user "$(id -un)" --group docker "$self" $arguments
}

# Runs as root: a daemon that ends when $wanted is removed or the process $owner is gone.
# shellcheck disable=SC2016
docker_script='
	owner=$1 wanted=$2 directory=$3 log=$4
	shift 4
	dockerd "$@" >"$log" 2>&1 &
	while [ -e "$wanted" ] && kill -0 "$owner" && grep -q "^State:[[:blank:]]*[^Z]" /proc/$!/status; do
		sleep 0.2
	done 2>/dev/null
	kill $! && wait $!
	umount "$directory"/exec/netns/* 2>/dev/null
	rm -rf --one-file-system "$directory" "$wanted"'

# A daemon of our own beside any other: nothing of it is outside $run and $sockets. Sandboxes
# need no bridge unless their network is one.
start_docker()
{
	say "No Docker daemon answers: starting one, which ends with this command"
	set -- $$ "$sockets/docker.wanted" "$sockets/docker" "$run/dockerd.log" \
		--host "unix://$sockets/docker/docker.sock" --group "$(id -gn)" \
		--pidfile "$sockets/docker/pid" --exec-root "$sockets/docker/exec" \
		--data-root "$run/docker-data" --containerd-namespace code-gateway \
		--containerd-plugins-namespace code-gateway-plugins
	[ "${SANDBOX_NETWORK_MODE:-none}" = bridge ] ||
		set -- "$@" --bridge none --iptables=false --ip-forward=false
	mkdir -p "$sockets/docker"
	: >"$sockets/docker.wanted"
	# shellcheck disable=SC2016
	if ! as_root sh -c 'setsid sh -c "$@" >/dev/null 2>&1 </dev/null &' \
		start "$docker_script" dockerd "$@"; then
		rm -r "$sockets/docker" "$sockets/docker.wanted"
		die "that needs root"
	fi
	export DOCKER_HOST="unix://$sockets/docker/docker.sock"
	if ! until_true 60 docker_answers_or_ended || [ ! -e "$sockets/docker.wanted" ]; then
		give_up "starting a Docker daemon" "$run/dockerd.log"
	fi
}

docker_answers_or_ended()
{
	[ ! -e "$sockets/docker.wanted" ] || docker_answers "$DOCKER_HOST"
}

# Ends the daemon that start_docker started, if it did.
stop_docker()
{
	rm -f "$sockets/docker.wanted"
	until_true 60 [ ! -e "$sockets/docker" ]
}

# The image of SANDBOX_IMAGE; the default one is built where it is missing or old: all of it, or
# what IMAGE_LEVEL (core, data) says.
find_image()
{
	if [ "${SANDBOX_IMAGE:-code-sandbox:latest}" != code-sandbox:latest ]; then
		docker image inspect "$SANDBOX_IMAGE" >/dev/null 2>&1 ||
			die "the daemon at $DOCKER_HOST has no image $SANDBOX_IMAGE, which SANDBOX_IMAGE names"
		return
	fi
	docker image inspect code-sandbox:latest >/dev/null 2>&1 || {
		say "Building the sandbox image; that takes some minutes, the next time none"
		# shellcheck disable=SC2086
		install_packages $packages_image
	}
	case ${IMAGE_LEVEL:-full} in
	core) levels=core ;;
	data) levels='core data' ;;
	full) levels='core data full' ;;
	*) die "IMAGE_LEVEL is core, data or full, not $IMAGE_LEVEL" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	aside "$top/sandbox/build.sh" --if-missing --init "$1" --log "$run/sandbox-image.log" $levels
}
