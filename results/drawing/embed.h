/* embed.h - the bytes of a file of the source tree, in the program.
 *
 *	EMBED(rate_script, "results/drawing/plots/rate.gp");
 *	... rate_script.data, rate_script.len
 *
 * The path is relative to the top of the tree. */
#ifndef RESULTS_EMBED_H
#define RESULTS_EMBED_H

#include "base/buf.h"

#define EMBED(name, path)                                                                \
	__asm__(".pushsection .rodata\n"                                                 \
		"embed_" #name ":\n"                                                     \
		".incbin \"" path "\"\n"                                                 \
		"embed_end_" #name ":\n"                                                 \
		".byte 0\n"                                                              \
		".popsection\n");                                                        \
	extern const char embed_##name[] __attribute__((visibility("hidden")));          \
	extern const char embed_end_##name[] __attribute__((visibility("hidden")))

/* The bytes; they have a NUL behind. */
#define EMBEDDED(name)                                                                   \
	((struct bytes){.data = embed_##name,                                            \
			.len = (size_t)(embed_end_##name - embed_##name)})

#endif
