/* weak_layers.h - a large core of sequential consistency, told a dozen operations at a time.
 *
 * With values written once it is a core of transactions of one operation each that no order
 * within sessions runs: the search of rw-register leaves a proof, which is told as
 * transaction/core_layers.h says. PURE. */
#ifndef CHECKERS_WEAK_LAYERS_H
#define CHECKERS_WEAK_LAYERS_H

#include "checkers/weak/weak.h"

enum {
	WEAK_LAYERS_LEAST = 13 /* fewer operations are told as they are */
};

/* Of the core, whose operations the anomaly has as they are counted there: fills its proof and
 * its layers, and appends them in words. False: nothing was found to tell. */
bool weak_layers_tell(const struct weak *core, const struct budget *budget,
		      struct anomaly *anomaly, struct buf *text);

/* Whether what was told is so. */
bool weak_layers_certify(const struct weak *core, const struct anomaly *anomaly,
			 struct err *err);

#endif
