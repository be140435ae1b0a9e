#! /bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Proves with Frama-C's Eva of the parser of credcheck.c, compiled as on one
# system: whatever first to last bytes the kernel leaves in the control buffer,
# nothing is read outside of them or uninitialised, no number overflows, and
# what the outcome promises is there.  With "peer" the same of peer_cred(),
# whatever getsockopt(2) answers, of 0 to last bytes.
#
# usage: tests/prove.d/parse.sh system first last [plant]
#	 tests/prove.d/parse.sh system peer last [plant]
#
# The system is LINUX, NETBSD or FREEBSD; the plant is a number of parse.plants.
# Exits with 0 if it is proven, with 1 and what is not if it is not, and with 2
# if something is missing.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/eva.subr"

plant "$tests/../credcheck.c" "$here/parse.plants" "${4-}"

# What the analysis needs of the file ends with the parser: it is slower, and in
# version 25 does not end, with array sizes that are made of sizeof.
# Annotations have it follow each header, each length and each layout by itself,
# and say what is promised.
awk '
/\[[^]]*sizeof[^]]*\]/ {
	gsub(/sizeof\((int|gid_t)\)/, "4")
	gsub(/sizeof\(\(\(struct sockaddr_un \*\)NULL\)->sun_path\)/, "108")
	gsub(/sizeof\(sh->failure\)/, "512")
}
/^[a-z_]+\(/ {
	name = $0
	sub(/\(.*/, "", name)
}
name == "parse_control" && /while \(next_control\(/ {
	print "/*@ dynamic_split at; */ /*@ dynamic_split found; */"
	places++
}
name == "read_layout" && /if \(n < 0/ {
	print "/*@ split len; */"
	places++
}
name == "parse_credentials" && /if \(m == NULL\)/ {
	print "/*@ split m == &mechanisms[USUAL]; */"
	print "/*@ split m == &mechanisms[EVERY]; */"
	places++
}
# What is read of an answer has to be in that one.
name == "peer_cred" && /static unsigned char data/ {
	sub(/static /, "")
	places++
}
name == "peer_cred" && /^}/ {
	print "/*@ assert user: cr->source[EUID] != \\null ==>"
	print "      cr->id[EUID] != 0xffffffff; */"
	print "/*@ assert both: cr->source[EUID] == \\null <==>"
	print "      cr->source[EGID] == \\null; */"
	places++
}
name == "parse_control" && /Linux: no process/ {
	print "/*@ assert kind: found == CREDENTIALS || found == NONE ||"
	print "      found == TRUNCATED; */"
	print "/*@ assert ids: found == CREDENTIALS ==>"
	print "      cr->source[UID] != \\null && cr->source[GID] != \\null; */"
	print "/*@ assert none: found != CREDENTIALS ==>"
	print "      cr->source[UID] == \\null && cr->source[GROUPS] == \\null;"
	print " */"
	places++
}
name == "parse" && /^}/ {
	print "/*@ assert credentials: r->outcome == CREDENTIALS ==>"
	print "      r->message.source[UID] != \\null; */"
	print "/*@ assert placeholder: r->outcome == PLACEHOLDER ==>"
	print "      r->message.source[PID] == \\null &&"
	print "      r->message.source[UID] != \\null; */"
}
{
	print
}
/^}/ {
	if (name == "parse") {
		places++
		exit
	}
	name = ""
}
END {
	exit places != 7
}' "$dir/code.c" >"$dir/annotated.c" ||
    trouble "credcheck.c has no longer what is annotated here"

if [ "$2" = peer ]; then
	preprocess parse.c "$1" -DPROVE_PEER -DLAST="$3"
else
	preprocess parse.c "$1" -DFIRST="$2" -DLAST="$3"
fi
prove -warn-unsigned-overflow -eva-split-return-function \
    any_fscanf:1,any_getsockopt:0,next_control:0 \
    -eva-split-return-function parse_credentials:0:1:2:3,parse_control:0:1:2:3
