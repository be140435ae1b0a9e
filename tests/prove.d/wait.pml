/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How the two processes of credcheck wait for one another: wait_once(),
 * publish(), retry() and what they call, as they stand in credcheck.c.  Each
 * atomic operation is a step of its own here; t_wait:model checks that these
 * functions do the same, in the same order, as those in C.  tests/prove says
 * how it is run.
 *
 * The conversation (-D): SYNC, LATE, INHERIT, RACE, or LISTENER (the survey's
 * LATE_LISTENER, whose client waits behind a step that may fail), with
 *	PATHS		over a path instead of socketpairs
 *	BATCH=n		so many socketpairs are handed over at once
 *	TRIALS=n	conversations, one after the other
 *	FAILS		a step may be refused: OPTION of LISTENER, or else one
 *			of the client's, with EARLY before its first wait
 *	REFUSES		the byte that wakes the other side may be
 *	DIES		either side may be killed
 *	DEADLINES	any wait may last until its deadline
 *
 * It finds a process that sleeps for ever (without DEADLINES, where nothing
 * else wakes it); a step that "timed out" or a side that "left" though what was
 * waited for was there; and times that are overwritten as they are read.  Where
 * it says W_, the model is weakened, and has to find something.
 */
#ifndef TRIALS
#define TRIALS 2
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifdef W_ONE_TIMES
#define TIMES	1
#else
#define TIMES	2		/* sets of them: of even and of odd trials */
#endif
#define LINE	2		/* wake-up bytes that fit; EAGAIN for more */

#define END		0
#define READY		1
#define ACCEPT		2
#define OPTION		3
#define GO_ON		4
#define RECEIVE		5
#define CONNECT		6
#define OWN_OPTION	7
#define HEAR_GO_ON	8
#define AWAKE		9
#define WRITE		10
#define DONE		11
#define OVER		12	/* the end of the server's list */
#define NSTEPS		13

#define SERVER	0
#define CLIENT	1
#define ours	published[me]
#define theirs	published[1 - me]

typedef side_t {
	byte events;
	byte done_in[NSTEPS];
	byte sleeps_for;
	byte times[2];		/* the trials whose times are there */
	byte wake;		/* bytes that are there to wake this side */
	byte refused[2];	/* the trial that had a step refused */
	bool gone;		/* its process has ended, */
	bool died		/* of a signal */
};
side_t published[2];
bool reading;			/* the server reads the client's times, */
byte reads;			/* of this trial */
/* What waits in the kernel: socketpairs, connections, "go on", messages. */
byte ends, conns, goon, msgs;

inline atomic_store(to, value) {
	to = value
}

inline atomic_store_explicit(to, value) {
	to = value
}

inline atomic_fetch_add(to, n) {
	to = to + n
}

inline atomic_load(from) {
	wanted = from
}

inline atomic_exchange(from, value) {
	atomic { was = from; from = value }
}

/* c->time = now(): is the deadline over?  Had come then what is waited for? */
inline now(there) {
#ifdef DEADLINES
	if
	:: true
	:: atomic { !over -> over = true; came = (there) }
	fi
#else
	skip
#endif
}

inline set_deadline() {
	over = false; came = false
}

inline check_deadline() {
	if
	:: over -> assert(!came); goto left
	:: else
	fi
}

/* mv: whether there are new events. */
inline new_events() {
	atomic {
		atomic_load(theirs.events);
		mv = (wanted != seen);
		seen = wanted;
		wanted = 0
	}
}

/* Looks any number of times. */
inline spin() {
	new_events();
	do
	:: mv -> break
	:: !mv -> new_events()
	:: !mv -> break
	od;
#ifdef W_FORGETS_EVENT
	mv = false
#endif
}

/*
 * Until ready, or woken; there is what the caller waits for.  A byte comes out
 * of the line before its end does.
 */
inline sleep_on(ready, there) {
	atomic {
		if
		:: ours.wake > 0 || theirs.gone || (ready)
#ifdef DEADLINES
		:: true
#endif
		fi;
		woken = (ours.wake > 0 || theirs.gone)
	}
	if
	:: woken ->
		atomic { alive = (ours.wake > 0); ours.wake = 0 }
		if
		:: !alive ->
			new_events();
#ifdef W_NO_LAST_ACT
			assert(!(there) || theirs.died); goto left;
#endif
			if
			:: mv || (ready)
			:: else -> assert(!(there) || theirs.died); goto left
			fi
		:: alive
		fi
	:: !woken
	fi;
	now(there)
}

#define other_has_done(s)	(theirs.done_in[s] >= trial)
#define refused_by(side)	(published[side].refused[trial % 2] == trial)
#define refusal_of		(refused_by(SERVER) || refused_by(CLIENT))
#ifdef W_FORGETS_REFUSAL
#define waits_on		(true)
#else
#define waits_on		(!refusal_of)
#endif

/* There is what the caller waits for. */
inline wait_once(s, there) {
	check_deadline();
	spin();
	if
	:: mv
	:: !mv ->
#ifdef W_RELAXED_NOTE		/* the store is in a buffer yet as we look */
		new_events();
		atomic_store(ours.sleeps_for, s);
#else
		atomic_store(ours.sleeps_for, s);
#ifndef W_NO_SECOND_LOOK
		new_events();
#endif
#endif
#ifdef W_EMPTIES_LINE
		ours.wake = 0;
#endif
		if
		:: mv
		:: !mv -> sleep_on(false, there)
		fi;
		atomic_store(ours.sleeps_for, END)
	fi;
#ifdef W_NO_LAST_LOOK		/* the deadline is judged as it is read */
	check_deadline()
#endif
}

inline wait_for(s) {
	do
	:: other_has_done(s) -> came = false; break
	:: !other_has_done(s) ->
		if
		:: waits_on
		:: !waits_on -> came = false; break
		fi;
		wait_once(s, other_has_done(s) || refusal_of)
	od
}

/* Whatever was refused. */
inline wait_for_end(s) {
	do
	:: other_has_done(s) -> came = false; break
	:: !other_has_done(s) -> wait_once(s, other_has_done(s))
	od
}

inline wake_other() {
	set_deadline();
	do
	:: atomic { !theirs.gone && theirs.wake < LINE -> theirs.wake++ };
		break
	:: theirs.gone || theirs.wake == LINE -> break
#ifdef REFUSES
	:: true ->
#ifdef W_LOSES_SEND
		break;
#endif
		check_deadline();
		now(false)
#endif
	od;
	now(false)
}

/* The trial ends for both sides, whatever the other one waits for. */
inline note_refusal() {
	ours.refused[trial % 2] = trial;
	wake_other()
}

/* Of SIGKILL, say, anywhere between two operations that the other side sees. */
inline may_die() {
#ifdef DIES
	if
	:: true
	:: ours.died = true; goto left
	fi
#else
	skip
#endif
}

inline publish(s) {
	may_die();
#ifdef W_LOOKS_FIRST
	atomic_load(theirs.sleeps_for);
#endif
#ifndef W_RELAXED_DONE
	atomic_store_explicit(ours.done_in[s], trial);
#endif
	may_die();
	atomic_fetch_add(ours.events, 1);
	may_die();
#ifndef W_LOOKS_FIRST
	atomic_load(theirs.sleeps_for);
#endif
#ifdef W_RELAXED_DONE		/* it becomes visible later than the event */
	atomic_store_explicit(ours.done_in[s], trial);
#endif
	if
	:: wanted == END
	:: wanted == s ->
		wake = true
	:: wanted != END && wanted != s ->
		wake = refusal_of
	fi;
	if
	:: wake ->
		wake = false;
		atomic_exchange(theirs.sleeps_for, END);
		if
		:: was != END -> wake_other()
		:: was == END
		fi
	:: !wake
	fi
}

/* A call that waits in the kernel: n is what there is for it. */
inline retry(n, there) {
	check_deadline();
	spin();
	if
	:: mv
	:: !mv -> sleep_on(n > 0, there)
	fi;
#ifdef W_NO_LAST_LOOK
	check_deadline()
#endif
}

inline take(n) {
	do
	:: n > 0 -> n--; came = false; break
	:: n == 0 -> retry(n, n > 0)
	od
}

inline hear_go_on() {
	do
	:: goon > 0 -> goon--; break
	:: goon == 0 && refusal_of -> break
	:: goon == 0 && !refusal_of -> retry(goon, goon > 0)
	od
}

/* A message, or the end of the connection. */
inline receive() {
	do
	:: msgs > 0 -> msgs--; break
	:: msgs == 0 && (other_has_done(DONE) || refusal_of) -> break
	:: msgs == 0 && !(other_has_done(DONE) || refusal_of) ->
		retry(msgs, msgs > 0 || refusal_of)
	od
}

inline accept_client() {
#ifdef PATHS
	take(ends);
	take(conns);
#else
	if
	:: have == 0 -> take(ends); have = BATCH
	:: have > 0 -> wait_for(CONNECT)
	fi;
	have--
#endif
}

inline await_step(s) {
	set_deadline();
	wait_for(s)
}

inline begin_trial() {
	trial++;
	/* memset(times_of(c, c->side), 0) */
	assert(me == SERVER || !reading || reads % TIMES != trial % TIMES);
	ours.times[trial % TIMES] = trial
}

proctype server() {
	byte me = SERVER, trial, seen, wanted, was, have;
	bool mv, over, came, woken, alive, wake;

	do
	:: trial == TRIALS -> break
	:: trial < TRIALS ->
		begin_trial();
#ifdef INHERIT
		set_deadline(); publish(OPTION);
#endif
		set_deadline(); publish(READY);

#ifdef LISTENER
		await_step(CONNECT);
		set_deadline();
#ifdef FAILS
		if
		:: true
		:: note_refusal()
		fi;
#endif
		publish(OPTION);
		if
		:: refusal_of -> goto end_trial
		:: !refusal_of
		fi;
#endif
		set_deadline();
		accept_client();
		publish(ACCEPT);
#ifdef SYNC
		set_deadline(); publish(OPTION);
		set_deadline(); goon++; publish(GO_ON);
#endif
#ifdef LATE
		await_step(WRITE);
		if
		:: refusal_of -> goto end_trial
		:: !refusal_of
		fi;
		set_deadline(); publish(OPTION);
#endif
#ifdef RACE
		/* race_delay(): spins for AWAKE, and does not sleep. */
		set_deadline();
		do
		:: other_has_done(AWAKE) -> break
		:: !other_has_done(AWAKE) ->
			spin();
			if
			:: mv
			:: !mv -> break
			fi
		od;
		publish(OPTION);
#endif
		set_deadline(); receive(); publish(RECEIVE);
end_trial:
		await_step(DONE);
		if
		:: refusal_of && trial == TRIALS -> break
		:: refusal_of && trial < TRIALS ->
#ifndef W_NEVER_MEETS
			set_deadline();
			wait_for_end(DONE);
			if
			:: ours.done_in[ACCEPT] != trial &&
			    other_has_done(CONNECT) -> accept_client()
			:: else
			fi;
			msgs = 0; goon = 0;	/* closed */
			publish(OVER)
#endif
		:: !refusal_of
		fi;
		/* The times of both are read for the report. */
		reads = trial; reading = true;
		assert(theirs.times[trial % TIMES] == trial);
		reading = false
	od;
left:
	ours.gone = true
}

inline own_option() {
	set_deadline();
	if
	:: true
	:: note_refusal()
	fi;
	publish(OWN_OPTION);
	if
	:: refusal_of -> goto done
	:: !refusal_of
	fi
}

proctype client() {
	byte me = CLIENT, trial, seen, wanted, was, have;
	bool mv, over, came, woken, alive, wake;

	do
	:: trial == TRIALS -> break
	:: trial < TRIALS ->
		begin_trial();
		if
		:: trial == 1 -> await_step(READY)
		:: trial > 1
		fi;
#if defined(INHERIT) && !defined(W_NO_UNTIL)
		await_step(READY);
#endif
		set_deadline();
#ifdef PATHS
		wait_for(READY);
		ends++;
		conns++;
#else
		if
		:: have == 0 ->
			wait_for(READY);
			ends++; have = BATCH
		:: have > 0
		fi;
		have--;
#endif
		publish(CONNECT);
#ifdef EARLY
		own_option();
#endif
#if !defined(INHERIT) && !defined(W_NO_UNTIL)
		await_step(ACCEPT);
		if
		:: refusal_of -> goto done
		:: !refusal_of
		fi;
#endif
#ifdef SYNC
		set_deadline(); hear_go_on(); publish(HEAR_GO_ON);
#endif
#ifdef RACE
		set_deadline(); publish(AWAKE);
#endif
		if
		:: refusal_of -> goto done
		:: !refusal_of
		fi;
#if defined(FAILS) && !defined(LISTENER) && !defined(EARLY)
		own_option();
#endif
		set_deadline(); msgs++; publish(WRITE);
done:
		set_deadline(); publish(DONE);
		if
		:: refusal_of && trial == TRIALS -> break
		:: refusal_of && trial < TRIALS ->
#ifndef W_NEVER_MEETS
			set_deadline();
			wait_for_end(OVER)
#endif
		:: !refusal_of
		fi
	od;
left:
	ours.gone = true
}

init {
	atomic { run server(); run client() }
}
