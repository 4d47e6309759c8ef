#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make run: from a fresh checkout to a gateway that has just run code, for this machine only.
# What is missing is installed, built or started; what was started here ends here.
# usage: fcgi-app/run.sh [stop]
# environment: ONCE=1 ends after the trial, with its status; all settings of .env.example. The
# environment wins over .env.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
self=$top/fcgi-app/run.sh
arguments=$*
run=$top/.run
# shellcheck source=fcgi-app/host.sh
. "$top/fcgi-app/host.sh"

# ---------------------------------------------------------------- settings

# Exports each NAME that .env has and the environment lacks. A blank value is none.
take_settings()
{
	for name; do
		value=$(printenv "$name") || value=''
		[ -n "$value" ] || value=$(read_env_file "$name")
		[ -z "$value" ] || export "$name=$value"
	done
}

# The last such line counts.
read_env_file()
{
	[ -f "$top/.env" ] || return 0
	sed -nE "s/^[[:blank:]]*(export[[:blank:]]+)?$1[[:blank:]]*=[[:blank:]]*//p" "$top/.env" |
		tail -n 1 | tr -d '\r' |
		sed -E "s/^\"([^\"]*)\".*/\1/; t; s/^'([^']*)'.*/\1/; t
			s/(^|[[:blank:]])#.*//; s/[[:blank:]]+$//"
}

# A key that nobody chose is as good as none.
is_placeholder()
{
	case $(echo "$1" | tr '[:upper:]' '[:lower:]') in
	'' | changeme | default | *:changeme | *:default | *replace-with-a-long-random-secret) ;;
	*) return 1 ;;
	esac
}

# The first run writes a key to .env, which only its owner may read.
ensure_key()
{
	take_settings API_KEYS API_KEY API_KEYS_FILE
	if is_placeholder "${API_KEYS:-${API_KEY:-${API_KEYS_FILE:-}}}"; then
		API_KEYS=local:$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
		export API_KEYS
		(umask 077 && print_env_file >"$top/.env.new")
		mv "$top/.env.new" "$top/.env"
		say "Wrote a new API key to $top/.env"
	fi
	[ ! -f "$top/.env" ] || chmod 0600 "$top/.env"
	KEY=${API_KEYS:-${API_KEY:-$(cat "${API_KEYS_FILE:-/dev/null}")}}
	KEY=${KEY%%,*}
	KEY=$(echo "${KEY#*:}" | tr -d ' \n')
	export KEY
}

print_env_file()
{
	if [ -f "$top/.env" ]; then
		grep -Ev '^[[:blank:]]*(export[[:blank:]]+)?API_KEYS[[:blank:]]*=' "$top/.env" || :
	else
		printf '%s\n' '# Settings of make run; .env.example has them all.' \
			APP_ENV=development REQUIRE_AUTH=true CORS_ALLOW_ORIGINS=http://localhost:3000
	fi
	echo "API_KEYS=$API_KEYS"
}

# ---------------------------------------------------------------- parts

# start PART COMMAND...: in a session of its own, so that Ctrl-C reaches this script alone
start()
{
	part=$1
	shift
	setsid "$@" >"$run/$part.log" 2>&1 </dev/null &
	echo $! >"$run/$part.pid"
}

is_over() { is_gone "$(cat "$run/$1.pid")"; }

# wait_for PART SECONDS COMMAND...: until the command is true
wait_for()
{
	part=$1 seconds=$2
	shift 2
	if ! until_true "$seconds" true_or_over "$@" || is_over "$part"; then
		give_up "starting $part" "$run/$part.log"
	fi
}

true_or_over() { "$@" || is_over "$part"; }

# stop PART SECONDS
stop()
{
	[ -s "$run/$1.pid" ] || return 0
	pid=$(cat "$run/$1.pid")
	rm "$run/$1.pid"
	# After a crash of this script the number may be another's.
	grep -qaF -e "$top" -e "$sockets" "/proc/$pid/cmdline" 2>/dev/null || return 0
	kill "$pid" 2>/dev/null || :
	until_true "$2" is_gone "$pid" || kill -KILL "$pid" 2>/dev/null || :
}

build()
{
	# shellcheck disable=SC2086 # lists of words
	install_packages $packages_build $packages_run
	cd "$top"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	if [ ! -f Makefile ]; then
		say "Configuring"
		[ -f configure ] || logged "$run/build.log" ./autogen.sh
		logged "$run/build.log" ./configure --quiet
	fi
	[ -x code-gateway ] || say "Building"
	logged "$run/build.log" make -f Makefile -s "-j$(nproc)" code-gateway sandbox-init
}

# A Redis that .env.example's line names and that is not there is nobody's wish.
start_redis()
{
	given=$(printenv REDIS_URL) || given=''
	take_settings REDIS_URL REDIS_URL_FILE
	if [ -n "${REDIS_URL:-}${REDIS_URL_FILE:-}" ]; then
		if [ -n "$given" ] || [ "${REDIS_URL:-}" != redis://127.0.0.1:6379/0 ] ||
			timeout 5 redis-cli ping >/dev/null 2>&1; then
			return 0
		fi
	fi
	start redis redis-server --port 0 --unixsocket "$sockets/redis.sock" \
		--unixsocketperm 600 --save '' --appendonly no --dir "$run"
	wait_for redis 10 [ -S "$sockets/redis.sock" ]
	export REDIS_URL="unix://$sockets/redis.sock"
}

start_gateway()
{
	take_settings APP_ENV REQUIRE_AUTH DEPLOYMENT_ID SANDBOX_ENV_SOURCE_PATH
	export APP_ENV="${APP_ENV:-development}" REQUIRE_AUTH="${REQUIRE_AUTH:-true}"
	export FASTCGI_SOCKET="$sockets/gateway.sock" RUN_DIR="$run"
	export SANDBOX_ENV_SOURCE_PATH="${SANDBOX_ENV_SOURCE_PATH:-$top/.env_sandbox}"
	set -- "$top/code-gateway"
	[ ! -f "$top/.env" ] || set -- "$@" --env-file "$top/.env"
	start gateway "$@"
	wait_for gateway 20 [ -S "$sockets/gateway.sock" ]
}

start_lighttpd()
{
	take_settings ENABLE_CORS CORS_ALLOW_ORIGINS CORS_ALLOW_METHODS CORS_ALLOW_HEADERS \
		CORS_ALLOW_CREDENTIALS CORS_EXPOSE_HEADERS
	LIGHTTPD_USER=$(id -un)
	export GATEWAY_BIND=127.0.0.1 LIGHTTPD_USER TLS_CERTIFICATE='' \
		UPLOAD_DIRECTORY="$sockets/uploads"
	mkdir -p "$UPLOAD_DIRECTORY"
	start lighttpd lighttpd -D -f "$top/lighttpd/lighttpd.conf"
	wait_for lighttpd 10 answers "$url/livez"
	until_true 20 answers "$url/healthz" ||
		die "the gateway does not reach the Redis of REDIS_URL, or Docker at $DOCKER_HOST; its log is $run/gateway.log"
}

answers() { curl -fsS --max-time 5 -o /dev/null "$1" 2>/dev/null; }

# ---------------------------------------------------------------- beginning and end

refuse_if_running()
{
	if [ -s "$run/run.pid" ] && ! is_gone "$(cat "$run/run.pid")"; then
		die "make run runs already, as process $(cat "$run/run.pid"); make stop ends it"
	fi
	code=0
	curl -s --max-time 3 -o /dev/null "$url/" || code=$?
	[ "$code" -eq 7 ] || die "port $port is in use; GATEWAY_PORT=8001 make run takes another"
}

# Sockets lie in .run, or where that has too long or too odd a name, in /tmp.
choose_sockets()
{
	sockets=$run
	case $run in
	*[!A-Za-z0-9/._+-]*) sockets='' ;;
	esac
	if [ -z "$sockets" ] || [ ${#run} -gt 60 ]; then
		sockets=$(mktemp -d /tmp/code-gateway-XXXXXX)
	fi
	echo "$sockets" >"$run/sockets"
}

# Sandboxes are known to the Redis that ends here; those of a lasting one end by themselves.
remove_sandboxes()
{
	[ -S "$sockets/redis.sock" ] || return 0
	label=$(timeout 5 redis-cli -s "$sockets/redis.sock" get "cg:{${DEPLOYMENT_ID:-default}}:label") || :
	[ -n "$label" ] || return 0
	sandboxes=$(timeout 20 docker ps --all --quiet --filter label=managed-by=code-gateway \
		--filter "label=deployment=$label") || :
	# shellcheck disable=SC2086 # a list of words
	[ -z "$sandboxes" ] || timeout 60 docker rm --force $sandboxes >/dev/null 2>&1 || :
}

end_parts()
{
	[ -s "$run/sockets" ] || return 0
	sockets=$(cat "$run/sockets")
	stop lighttpd 5
	stop gateway 10
	remove_sandboxes
	stop redis 5
	stop_docker || say "The Docker daemon does not end; see $run/dockerd.log" >&2
	rm -rf "$sockets/uploads"
	rm -f "$sockets/gateway.sock" "$sockets/redis.sock" "$run/sockets" "$run/run.pid"
	[ "$sockets" = "$run" ] || rmdir "$sockets"
}

end()
{
	status=$?
	trap '' INT TERM HUP
	trap - EXIT
	end_busy
	end_parts
	exit "$status"
}

# What the lines to try say instead of the key, which is not shown.
key_source()
{
	read_key="sed -n 's/^API_KEYS=[^:]*://p' $top/.env"
	if [ "$(sh -c "$read_key" 2>/dev/null)" = "$KEY" ]; then
		echo "\$($read_key)"
	else
		echo "'<the secret of your API_KEYS>'"
	fi
}

print_next_steps()
{
	cat <<-END

	The gateway is ready at $url. Try it:

	  KEY=$(key_source)
	  URL=$url
	  ID=\$(curl -s -d '' \$URL/containers -H "Authorization: Bearer \$KEY" | sed 's/.*"container_id":"\([0-9a-f]*\).*/\1/')
	  curl -s \$URL/execute -H "Authorization: Bearer \$KEY" -H 'Content-Type: application/json' \\
	    -d '{"container_id":"'\$ID'","code":"print(6 * 7)"}'
	  curl -s -X DELETE \$URL/containers/\$ID -H "Authorization: Bearer \$KEY"

	Logs are in $run. Ctrl-C, or make stop, ends it.
	END
}

watch_parts()
{
	while sleep 1; do
		for part in redis gateway lighttpd; do
			if [ -s "$run/$part.pid" ] && is_over "$part"; then
				give_up "$part has ended" "$run/$part.log"
			fi
		done
	done
}

stop_running()
{
	pid=$(cat "$run/run.pid" 2>/dev/null) || pid=''
	if [ -n "$pid" ] && ! is_gone "$pid"; then
		kill "$pid"
		until_true 120 is_gone "$pid" || die "process $pid does not end"
	elif [ -s "$run/sockets" ]; then
		end_parts
	else
		say "Nothing runs."
	fi
}

main()
{
	take_settings GATEWAY_PORT DOCKER_HOST SANDBOX_IMAGE SANDBOX_NETWORK_MODE
	port=${GATEWAY_PORT:-8000}
	url=http://127.0.0.1:$port
	have curl || install_packages curl ca-certificates
	refuse_if_running
	end_parts
	choose_sockets
	echo $$ >"$run/run.pid"
	trap end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	build
	ensure_key
	find_docker
	find_image "$top/sandbox-init"
	start_redis
	start_gateway
	start_lighttpd
	"$top/fcgi-app/hello.sh" "$url" "$run"
	[ "${ONCE:-}" != 1 ] || exit 0
	print_next_steps
	watch_parts
}

mkdir -p "$run"
case ${1-} in
'') main ;;
stop) stop_running ;;
*)
	echo "usage: fcgi-app/run.sh [stop]" >&2
	exit 64
	;;
esac
