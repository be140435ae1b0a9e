#! /bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Proves of what credcheck.c shows of texts that are not its own, by trying
# every text of up to so many bytes: see text.c.
#
# usage: tests/prove.d/text.sh bytes [plant]
#
# The plant is a number of text.plants.  Exits with 0 if it is proven, with 1 and
# a text for which it is not true, and with 2 if something is missing.

set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM

if [ -n "${2-}" ]; then
	awk -v n="$2" -f "$here/plant.awk" "$here/text.plants" \
	    "$here/../../credcheck.c" || exit 2
else
	cat "$here/../../credcheck.c"
fi >"$dir/all.c"

# What is needed of the file ends with visible().
awk '
{
	print
}
/^[a-z_]+\(/ {
	name = $0
	sub(/\(.*/, "", name)
}
/^}/ && name == "visible" {
	found = 1
	exit
}
END {
	exit !found
}' "$dir/all.c" >"$dir/code.c" || {
	echo "text.sh: credcheck.c has no visible()" >&2
	exit 2
}
gcc -std=gnu11 -O2 -w -DBYTES="$1" -I"$dir" -I"$here/.." \
    -o "$dir/text" "$here/text.c" || exit 2
"$dir/text"
