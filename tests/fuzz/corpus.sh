#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every fuzz target over its corpus: what was once found stays mended.
# shellcheck disable=SC2086,SC2154 # a list of programs, from the Makefile
exec sh "${top_srcdir:-.}/tests/fuzz/run.sh" 0 $fuzz_targets
