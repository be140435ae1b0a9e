# The named socket.

atf_test_case mode
mode_head() {
	atf_set descr "The socket has the permissions of --mode, 0666 by" \
	    "default, whatever the umask"
}
mode_body() {
	umask 0077
	for mode in "" 0600 622 200 777; do
		start_endless ${mode:+--mode $mode}
		[ -n "$mode" ] || mode=0666
		ls -l sock >listed
		kill -INT $pid
		wait $pid
		case $mode in
		0666)	bits=srw-rw-rw- ;;
		0600)	bits=srw------- ;;
		622)	bits=srw--w--w- ;;
		200)	bits=s-w------- ;;
		777)	bits=srwxrwxrwx ;;
		esac
		atf_check -o match:"^$bits" cat listed
		atf_check test ! -e sock
	done
}

atf_test_case exists
exists_head() {
	atf_set descr "A path that exists is left alone, and the message says" \
	    "what is there"
}
exists_body() {
	echo precious >file
	mkdir directory
	ln -s nowhere link
	for path in file directory link; do
		case $path in
		file)		what="a file" ;;
		directory)	what="a directory" ;;
		link)		what="a symbolic link" ;;
		esac
		atf_check -s exit:2 -e inline:"credcheck: $path: exists already: $what\n" \
		    "$credcheck" --path $path
		atf_check test -e $path -o -L $path
	done
	atf_check -o inline:"precious\n" cat file
}

atf_test_case exists_socket
exists_socket_head() {
	atf_set descr "Of a socket that exists it says whether anyone listens"
}
exists_socket_body() {
	start_endless
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which someone listens$" \
	    "$credcheck" --path sock
	atf_check test -S sock
	kill -KILL $pid
	wait_until '! alive $child'
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which nobody listens; remove it$" \
	    "$credcheck" --path sock
	atf_check test -S sock
}

atf_test_case too_long
too_long_head() {
	atf_set descr "A path that is too long is refused with the limit, and" \
	    "the longest is not"
}
too_long_body() {
	max=103
	[ "$(uname -s)" = Linux ] && max=107
	long=$(printf "%0${max}d" 0)
	atf_check -s exit:2 \
	    -e inline:"credcheck: path is $((max + 1)) bytes long, $max at most: ${long}0\n" \
	    "$credcheck" --path "${long}0"
	atf_check -s ignore -o ignore -e not-match:"too long|at most" \
	    "$credcheck" --path "$long"
	atf_check test ! -e "$long"
}

atf_test_case no_directory
no_directory_head() {
	atf_set descr "A directory that is missing is named, and so is an" \
	    "empty path"
}
no_directory_body() {
	atf_check -s exit:2 \
	    -e inline:"credcheck: missing/sock: No such file or directory\n" \
	    "$credcheck" --path missing/sock
	atf_check -s exit:2 -e match:"^credcheck: an empty path" \
	    "$credcheck" --path ""
}

atf_test_case not_writable
not_writable_head() {
	atf_set descr "A directory that cannot be written is named"
	atf_set require.user unprivileged
}
not_writable_body() {
	mkdir closed
	chmod 500 closed
	atf_check -s exit:2 \
	    -e inline:"credcheck: closed/sock: Permission denied\n" \
	    "$credcheck" --path closed/sock
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case mode
	atf_add_test_case exists
	atf_add_test_case exists_socket
	atf_add_test_case too_long
	atf_add_test_case no_directory
	atf_add_test_case not_writable
}
