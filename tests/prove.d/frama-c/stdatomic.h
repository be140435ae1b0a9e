/* SPDX-License-Identifier: BSD-2-Clause */
/* Frama-C knows no atomics; none is met on the way of what it looks at. */
#define ATOMIC_INT_LOCK_FREE	2
#define memory_order_release	0
#define atomic_load(p)		(*(p))
#define atomic_store(p, v)	((void)(*(p) = (v)))
#define atomic_store_explicit(p, v, o)	((void)(*(p) = (v)))
#define atomic_exchange(p, v)	(*(p) = (v))
#define atomic_fetch_add(p, v)	(*(p) += (v))
