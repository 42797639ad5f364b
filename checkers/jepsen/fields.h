/* fields.h - values whose shape other tools chose: maps with named fields, maps from
 * accounts or partitions to what they hold, names of functions that are not ours.
 *
 * JSON has only strings as names of fields: the partition 3 of a send is the "3" of a
 * poll. fields_key makes them equal again. PURE. */
#ifndef CHECKERS_FIELDS_H
#define CHECKERS_FIELDS_H

#include "base/history.h"

/* The function of the operation has this name. */
bool fields_is_f(const struct history *history, const struct op *op, const char *name);

/* The value is the string (or keyword) `text`. */
bool fields_is_text(const struct values *values, val v, const char *text);

/* A string of digits as the number that it spells; any other value as it is. */
val fields_key(const struct values *values, val v);

/* How many entries a map has; entry i. 0 when it is no map. */
size_t fields_count(const struct values *values, val map);
val fields_name(const struct values *values, val map, size_t i); /* by fields_key */
val fields_at(const struct values *values, val map, size_t i);

/* The value of a field of a map, nil when there is none. */
val fields_get(const struct values *values, val map, const char *name);

/* How many items a list has, 0 when it is no list. */
size_t fields_items(const struct values *values, val list);

/* Item i of a list, nil when there is none. */
val fields_item(const struct values *values, val list, size_t i);

/* An integer: *number and true. */
bool fields_number(const struct values *values, val v, int64_t *number);

#endif
