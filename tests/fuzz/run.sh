#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs fuzz targets, as TAP: run.sh SECONDS TARGET...  With 0 seconds only over their corpora.
set -u
seconds=$1
shift
number=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "1..$#"
for target; do
	number=$((number + 1))
	name=${target##*fuzz-}
	limit=-runs=0
	[ "$seconds" -eq 0 ] || limit=-max_total_time=$seconds
	mkdir "$scratch/$name"
	# New inputs go to the first directory; the corpus stays as it is.
	if "$target" "$limit" -max_len=8192 -timeout=10 -artifact_prefix="./crash-$name-" \
		"$scratch/$name" "${top_srcdir:-.}/tests/fuzz/corpus/$name" > "$scratch/log" 2>&1; then
		echo "ok $number - fuzz: $name survives $(grep -o 'Done .*' "$scratch/log")"
	else
		echo "not ok $number - fuzz: $name"
		tail -n 40 "$scratch/log" | sed 's/^/# /'
	fi
done
