#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The program that spawn.conf starts: the gateway with a parent who outlives its workers. When a
# child ends, lighttpd looks once whether somebody still answers at the socket, and if so starts
# no other. The workers of a killed gateway do for a moment.
set -u

exec 3<&0
"${GATEWAY_PROGRAM:-/usr/local/sbin/code-gateway}" <&3 3<&- &
gateway=$!
exec </dev/null 3<&-
trap 'kill "$gateway"' HUP INT QUIT TERM USR1
status=0
while kill -0 "$gateway" 2>/dev/null; do
	wait "$gateway"
	status=$?
done
sleep 1
exit "$status"
