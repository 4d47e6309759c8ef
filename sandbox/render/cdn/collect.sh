#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the packages of packages.txt from the npm registry and keeps what decks ask for.
# usage: collect.sh packages.txt OUT    makes OUT/cdn/<package>-<version>/... and OUT/fonts/*.ttf
#
# A line: <package>@<version> <sha256 of its tarball> <files of it to keep>...
set -eu
list=$(realpath "$1")
out=$2
mkdir -p "$out/cdn" "$out/fonts"
cd "$(mktemp -d)"

tarball() { echo "$1" | sed 's/^@//; s,/,-,; s/@\([^@]*\)$/-\1/; s/$/.tgz/'; }

# shellcheck disable=SC2046 # a list of words
npm pack --silent $(cut -d ' ' -f 1 "$list") >&2
set -f
while read -r package sum files; do
	file=$(tarball "$package")
	echo "$sum  $file" | sha256sum --check --quiet
	to=$out/cdn/${file%.tgz}
	mkdir "$to"
	# shellcheck disable=SC2046,SC2086 # the same
	tar -xzf "$file" -C "$to" --strip-components 1 --wildcards $(printf ' package/%s' $files)
done <"$list"
set +f
# Of the faces: from light to black, italics of regular and bold.
find "$out/cdn" -name '*.ttf' -path '*/[3-9]00*' \( -not -name '*Italic*' -o -name '*_400*' -o -name '*_700*' \) \
	-exec mv -t "$out/fonts" {} +
rm -r "$out"/cdn/expo-google-fonts-*
chmod -R a+rX,go-w "$out"
