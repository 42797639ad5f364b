/* script.h - small histories written as one line of text.
 *
 *	"0+w1 0=ok 1+r 1=1"	process 0 writes 1, acknowledged; process 1 reads 1
 *	P+w5 P+r P+c1,2 P+a7	invokes write, read, cas [1 2], add
 *	P=ok P=fail P=? P=5 P=nil P=[1 2]	completes; a value completes a read as ok
 *	P=fail! 		failed with an error text
 *	@3			events from here on concern key 3 (at first: no key)
 * An operation that is not completed stays info. Event i happens at i milliseconds. */
#ifndef TESTS_CHECKERS_SCRIPT_H
#define TESTS_CHECKERS_SCRIPT_H

#include "base/history.h"

/* Initialises the history and plays the script into it; ends the test when it is wrong.
 */
void script_play(struct history *history, const char *script);

#endif
