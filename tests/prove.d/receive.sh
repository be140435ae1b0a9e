#! /bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Proves with Frama-C's Eva of the manual's receive_credentials(), compiled as
# on one system: whatever first to last bytes the kernel leaves in the control
# buffer, nothing is read outside of them or uninitialised, and no number
# overflows; unless it returns 1 no ID is known, and if it does the user is, and
# all of the message was read.
#
# usage: tests/prove.d/receive.sh system first last [plant]
#
# The system is LINUX, NETBSD or FREEBSD; the plant is a number of receive.plants.
# Exits with 0 if it is proven, with 1 and what is not if it is not, and with 2
# if something is missing.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/eva.subr"

"$tests/literal" "RECEIVING CREDENTIALS" 1 >"$dir/receive.c"
plant "$dir/receive.c" "$here/receive.plants" "${4-}"

# Has Eva follow each header by itself and, what is promised of the result, the
# overflow ID, the PID 0 and what lies beside them.
awk '
/memcpy\(&cm, control \+ off, sizeof\(cm\)\);/ {
	print "/*@ dynamic_split off; */"
	places++
}
/^	return cr;/ {
	print "/*@ slevel merge; */"
	places++
}
/if \(msg.msg_flags & MSG_C?TRUNC\)/ {
	print "/*@ assert found.uid < 65534 || found.uid == 65534 ||"
	print "    65534 < found.uid < 0xffffffff ||"
	print "    found.uid == 0xffffffff; */"
	print "/*@ assert found.gid < 65534 || found.gid == 65534 ||"
	print "    found.gid > 65534; */"
	print "/*@ assert found.pid < 0 || found.pid == 0 ||"
	print "    found.pid > 0; */"
	places++
}
{
	print
}
END {
	exit places != 3
}' "$dir/code.c" >"$dir/annotated.c" ||
    trouble "the code has no longer what is annotated here"

preprocess receive.c "$1" -DFIRST="$2" -DLAST="$3" -D_STDATOMIC_H
prove -warn-unsigned-overflow -eva-split-return full
