#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes ./configure; needs autoconf, automake and autoconf-archive.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install
