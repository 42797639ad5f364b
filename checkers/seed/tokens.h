/* tokens.h - strings under a key, put and appended to by clients that may retry: a
 * primary-backup store that must look like one copy, and run each request once.
 *
 * Operations: write (or put) STRING; append STRING; read (or get; result: a string, nil
 * for a key without a value). Any result may be a map instead: {"value": STRING, "view":
 * N, "primary": P}, where the store tells in which view, and by whom, it was answered.
 *
 * Each written string (token) is unique, so a value names the put that it began with (its
 * root) and the appends since: a block of operations, as a chain of compare-and-set is in
 * checkers/register/zones.h. An acknowledged append that no value has stands alone: like
 * a put that nobody read. So the history of a key is that of a register and zones decide
 * it: O(total length of the values + n log n), complete. Where tokens are not unique, or a
 * value can be read as tokens in two ways, the frontier engine decides over interned
 * strings.
 *
 *	duplicate-execution  a token stands twice: in one value, or behind two others. A
 *	                     retried request ran twice.
 *	                     append a | append b | read "aba"
 *	lost-token           a read misses a token that was acknowledged, or seen, before it
 *	                     began, and no put explains it.
 *	                     append a ok | read ""
 *	resurrected-value    a value was there before and after another one: a put ran
 *	                     again, or two primaries took turns.
 *	                     put a ok | put b ok, read "b" | read "a"
 *	forked-value         two reads tell different appends behind one beginning.
 *	                     append a, b at once | read "ab" | read "ba"
 *	reordered-token      an append stands before one that was over before it began.
 *	                     append a ok | append b ok | read "ba"
 *	unwritten-token      a read has a token that nobody wrote before it was over.
 *	                     read "z"
 *	split-brain          an answer of an older view was asked for after a newer view had
 *	                     answered, or two primaries answered in one view.
 *	                     append a, view 2 | append b, view 1
 *	not-linearizable     any other contradiction (frontier engine). */
#ifndef CHECKERS_TOKENS_H
#define CHECKERS_TOKENS_H

#include "checkers/engine/linearizable.h"

bool tokens_is_put(const struct history *history, const struct op *op);
bool tokens_is_get(const struct history *history, const struct op *op);

/* What was written or read; nil is the empty string. */
struct bytes tokens_text(const struct history *history, const struct op *op);

/* A string; of an answer also nil, or a map with it. */
bool tokens_is_text(const struct values *values, val v, bool is_answer);

/* The decider of one key; VERDICT_NONE where tokens are not unique. */
void tokens_decide(const struct key_ops *key, const struct check_options *options,
		   struct linearizable_key *found);

/* Shows without zones that the operations of an anomaly contradict each other. */
bool tokens_contradict(const struct key_ops *key, const struct check_options *options,
		       const struct anomaly *anomaly);

/* Views: adds split-brain anomalies; and proves there are none, or those that are named. */
void tokens_judge_views(const struct history *history, struct check_result *result);
bool tokens_certify_views(const struct history *history,
			  const struct check_result *result, struct err *err);

/* The specification, and the same for one order at a time: it keeps the one string that
 * the order has come to, so that replaying takes no more memory than that. */
extern const struct model model_tokens, model_tokens_replay;

extern const struct checker checker_tokens;

#endif
