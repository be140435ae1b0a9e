# SPDX-License-Identifier: BSD-2-Clause
#
# Daemons of somebody else: who is it that loses the race, and who never does?

# A daemon in python, which does what h_daemon does with the accepted sockets.
python_daemon='import signal, socket, struct, sys
clients = lost = 0
def end(*_):
    print(clients, "clients,", lost, "lost", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
listener = socket.socket(socket.AF_UNIX)
listener.bind("sock")
listener.listen()
while True:
    s = listener.accept()[0]
    s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    pid = 0
    for level, kind, data in s.recvmsg(64, 1024)[1]:
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("iII", data)[0]
    clients += 1
    lost += pid == 0
    s.close()'

# Starts the daemon "$@", which has one client of ours then.
start_daemon() {
	rm -f sock
	start "$@"
	wait_until '"$credcheck" --client sock 2>/dev/null'
}

# What the daemon says in the end is in stdout.
end_daemon() {
	kill -TERM $pid
	wait_until '[ -s stdout ]'
}

# It loses some, sooner or later; that none is lost is no failure of anything.
expect_losses() {
	rounds=0
	while [ $rounds -lt 8 ]; do
		start_daemon "$@"
		atf_check "$credcheck" --client sock --spread 20 \
		    --count $connections --timeout 20
		end_daemon
		cat stdout
		atf_check -o match:"^$((connections + 1)) clients, [0-9]+ lost$" \
		    cat stdout
		grep -q ", 0 lost$" stdout || return 0
		rounds=$((rounds + 1))
	done
	atf_skip "none lost of $((rounds * connections)), which proves nothing"
}

atf_test_case after_accept
after_accept_head() {
	atf_set descr "A daemon in C that sets the option after accept(2) loses" \
	    "some of the clients that wait a random time before they write"
}
after_accept_body() {
	require_mechanism
	expect_losses "$h_daemon" accepted
}

atf_test_case python_after_accept
python_after_accept_head() {
	atf_set descr "The same in python"
	atf_set require.progs "python3"
}
python_after_accept_body() {
	require_linux
	expect_losses python3 -c "$python_daemon"
}

atf_test_case order
order_head() {
	atf_set descr "What a client sends in other ways than write(2) a" \
	    "daemon gets with credentials, and closes"
}
order_body() {
	require_linux
	start_daemon "$h_daemon" listener
	for message in claim "own-option write" descriptor by-another sendmsg
	do
		atf_check -e match:"The server closed the connection" \
		    "$credcheck" --client sock --verbose \
		    --order "connect $message read"
	done
	end_daemon
	atf_check -o inline:"6 clients, 0 lost\n" cat stdout
}

# A display of the manual's, whose lines begin with a prompt or are its output.
example() {
	"$(atf_get_srcdir)/literal" "Your own daemon" $1 >example
	atf_check test "$(wc -l <example)" -le 5
	sed -n 's/^[$#] //p' example >commands
	atf_check test -s commands
}

atf_test_case example_client
example_client_head() {
	atf_set descr "The manual's example of a client's side: who listens," \
	    "and whether it loses the race"
}
example_client_body() {
	require_linux
	example 1
	start_daemon "$h_daemon" listener
	sed -e 's,/run/daemon.sock,sock,' commands >run
	PATH=$(dirname "$credcheck"):$PATH
	atf_check -o match:"^PID: $pid \(SO_PEERCRED\)$" sh -e run
	end_daemon
	# The one is --peer's, which sent nothing.
	atf_check -o inline:"5002 clients, 1 lost\n" cat stdout
}

atf_test_case example_server
example_server_head() {
	atf_set descr "The manual's example of the server's side: credcheck in" \
	    "the daemon's place, for whom its clients come"
	atf_set require.progs "socat"
}
example_server_body() {
	require_linux
	example 2
	sed -e 's,/run/daemon.sock,sock,' commands >run
	PATH=$(dirname "$credcheck"):$PATH
	start sh run
	wait_until 'echo hello | socat -u - UNIX-CONNECT:sock 2>/dev/null'
	wait $pid
	atf_check_equal 0 $?
	atf_check -o match:"^UID: $(id -ru)$" cat stdout
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	h_daemon=$(atf_get_srcdir)/h_daemon
	connections=5000
	atf_add_test_case after_accept
	atf_add_test_case python_after_accept
	atf_add_test_case order
	atf_add_test_case example_client
	atf_add_test_case example_server
}
