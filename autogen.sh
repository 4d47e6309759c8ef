#!/bin/sh
# Makes ./configure; needs autoconf, automake and autoconf-archive.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install
