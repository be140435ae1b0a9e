#! /bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Has spin look at every course of the model of the waiting, wait.pml.
#
# usage: tests/prove.d/wait.sh [-D name[=value]] ...
#
# Exits with 0 if there is nothing to find, with 1 and what goes wrong, and how,
# if there is, and with 2 if something is missing.

set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM

cp "$here/wait.pml" "$dir"
cd "$dir"
spin -a "$@" wait.pml >log 2>&1 &&
    gcc -O1 -w -DSAFETY -DCOLLAPSE -o pan pan.c >log 2>&1 || {
	cat log >&2
	exit 2
}
./pan -m500000 >log 2>&1 || :
awk '
/^pan:1/ {
	print
}
/errors: / {
	errors = $NF
	said = 1
}
/max search depth too small|out of memory|aborted/ {
	incomplete = 1
}
END {
	if (!said || (incomplete && errors == 0))
		exit 2
	exit errors > 0
}' log && exit 0 || status=$?
[ $status -ne 2 ] || cat log >&2
# The last steps of the way there.
[ ! -f wait.pml.trail ] || ./pan -r -n wait.pml.trail 2>/dev/null | tail -n 20
exit $status
