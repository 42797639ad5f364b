/* event_exception.h - the exception behind an error, as histories of Jepsen carry it beside
 * the error's own text. */
#ifndef RESULTS_EVENT_EXCEPTION_H
#define RESULTS_EVENT_EXCEPTION_H

#include "base/history.h"

/* The error's text (a string id + 1; 0: none, then the exception's message) behind the
 * class of the exception, as Java tells them: "java.net.ConnectException: refused". The
 * exception is a map as Clojure's Throwable->map makes it, {via [{type CLASS message TEXT}
 * ...] cause TEXT}, whose first class counts as in Jepsen, or has a field `class`; anything
 * else is told as it is. Returns a string id + 1. */
uint32_t event_exception(struct history *history, uint32_t error, val exception);

#endif
