/* monotonic_rows.h - rows of a table that only grows, read in the order of their
 * timestamps: that none is lost, there twice, or out of order. The decider, and the proof
 * of what it tells. */
#ifndef CHECKERS_MONOTONIC_ROWS_H
#define CHECKERS_MONOTONIC_ROWS_H

#include "checkers/checker.h"
#include "checkers/partition.h"

/* Some add of the key was answered with a map: then numbers that stand alone are no rows. */
bool monotonic_answers_maps(const struct key_ops *key);

/* The number of the row that an add tells, in its answer or else in its question. */
bool monotonic_told(const struct values *values, const struct op *add, bool only_maps,
		    int64_t *number);

/* The process that a row tells as its field `proc` or `process`; nil: none. */
val monotonic_process(const struct values *values, val row);

/* The rows stand in several tables (field `tb`) and tell their processes: then nothing but
 * the order of each process's rows is promised below strict serializability. */
bool monotonic_is_split(const struct key_ops *key);

/* Timestamps (field `sts`) are whole numbers, or strings of digits where they are large;
 * below 0, 0, above 0: that of the one row is less, the same, greater. 0 where one of them
 * tells none. */
int monotonic_compare_stamps(const struct values *values, val row, val other);

/* Judges all keys and adds counts to the details; returns how many reads there were. */
size_t monotonic_rows_judge(const struct history *history,
			    const struct check_options *options,
			    struct check_result *result);

/* Proves that the rows of all keys are as they should be; that an anomaly is one. */
bool monotonic_rows_hold(const struct history *history, bool in_time);
bool monotonic_rows_show(const struct history *history, const struct anomaly *anomaly,
			 bool in_time);

#endif
