#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every fuzz target over its corpus: what was once found stays mended.
# shellcheck disable=SC2086 # a list of programs
exec sh "${top_srcdir:-.}/tests/fuzz/run.sh" 0 $fuzz_targets
