/* grudge.h - partitions as a matrix: who drops the packets of whom.
 *
 * Pure. A shape is drawn from a random word; the same word gives the same matrix. Shapes
 * (n hosts, m = n/2 + 1 of them a majority):
 *
 *	one               one host | the others
 *	halves            n/2 hosts | the others
 *	majority          m hosts | the others
 *	majorities-ring   every host sees a majority, no two the same one
 *	bridge            two halves that meet in one host only
 *	leader            the leader | the others
 *	leader-minority   the leader with n-m others | a majority
 *	one-way           one host hears nobody, or nobody hears it; the other way is open
*/
#ifndef CHAOS_GRUDGE_H
#define CHAOS_GRUDGE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct grudge {
	int count;
	bool drops[]; /* count * count: [to * count + from] */
};

/* The names of the shapes, NULL-terminated. */
extern const char *const grudge_shapes[];

/* How many hosts the shape needs to cut anything; 0: no such shape. */
int grudge_hosts_min(const char *shape);

/* Draws a matrix; `leader` is an index, or -1 (then one is drawn). NULL when the shape is
 * unknown or cuts nothing with so few hosts. The caller frees it. */
struct grudge *grudge_draw(const char *shape, int count, int leader, uint64_t word);

bool grudge_drops(const struct grudge *grudge, int from, int to);

/* Hosts whose packets do not reach `to` or the other way round are apart. */
bool grudge_apart(const struct grudge *grudge, int a, int b);

/* Appends the partition in words: "n1 n2 | n3 n4 n5"; where it is no clean cut, what each
 * host hears: "n1 hears n2 n5; n2 hears ...". */
void grudge_describe(const struct grudge *grudge, const char *(*name)(void *, int),
		     void *context, struct buf *out);

#endif
