# SPDX-License-Identifier: BSD-2-Clause
#
# The bugs of a *.plants file, which are planted in a source: each is what it is,
# behind "# ", where it is tried, on a line or several, consecutive lines of the
# source behind "-", and what they become behind "+", up to an empty line.
#
# usage: awk -f plant.awk file.plants source
#		lists them: number, where, what; fails unless the lines of each
#		are there once
#	 awk -v n=2 -f plant.awk file.plants source
#		prints the source with the second of them

BEGIN {
	plants = 0
}
FNR == NR {
	if (/^# SPDX/)
		head = 1
	else if ($0 == "") {
		if (!head)
			plants++
		head = 0
	} else if (head)
		next
	else if (/^# /)
		what[plants] = what[plants] (what[plants] == "" ? "" : " ") \
		    substr($0, 3)
	else if (/^-/)
		old[plants, ++nold[plants]] = substr($0, 2)
	else if (/^\+/)
		new[plants, ++nnew[plants]] = substr($0, 2)
	else
		where[plants, ++nwhere[plants]] = $0
	next
}
{
	line[FNR] = $0
	lines = FNR
}

# Where the lines of a plant are: they have to be there once.
function place(p,    at, i, found) {
	found = 0
	for (at = 1; at <= lines; at++) {
		for (i = 1; i <= nold[p] && line[at + i - 1] == old[p, i]; i++)
			continue
		if (i <= nold[p])
			continue
		if (found)
			return -1
		found = at
	}
	return found
}

END {
	if (what[plants] != "")
		plants++
	for (p = 0; p < plants; p++) {
		if (n != "" && p != n - 1)
			continue
		at = nold[p] > 0 ? place(p) : 0
		if (at <= 0) {
			wrong = at == 0 ? "no longer" : "not once"
			printf "%s: %s: %s there: %s\n", ARGV[1], what[p],
			    wrong, old[p, 1] >"/dev/stderr"
			bad = 1
		}
		for (i = 1; n == "" && i <= nwhere[p]; i++)
			print p + 1 "\t" where[p, i] "\t" what[p]
	}
	if (bad || plants == 0)
		exit 1
	if (n == "")
		exit 0
	for (i = 1; i <= lines; i++) {
		if (i == at)
			for (j = 1; j <= nnew[n - 1]; j++)
				print new[n - 1, j]
		if (i < at || i >= at + nold[n - 1])
			print line[i]
	}
}
