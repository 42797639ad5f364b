/* list_append_versions.h - lists as versions of registers, for the search of rw_order.h.
 *
 * Each append makes a version out of the one in front of it; so what was read is one chain
 * behind the empty list, and what nobody read is written behind it in an order that the
 * search finds. For histories of which reads agree with each other, with their transaction
 * and with who took place; where a transaction appended behind more than it had read, a
 * cycle of the known order tells more. PURE. O(operations + elements read). */
#ifndef CHECKERS_LIST_APPEND_VERSIONS_H
#define CHECKERS_LIST_APPEND_VERSIONS_H

#include "checkers/transaction/list_append_lists.h"

/* Sets ->type_state of what list_append.c found; dependencies_release releases it. */
void list_append_make_versions(struct dependencies *d, struct lists *lists);

#endif
