/* assert.h - assertions that stay on in every build, release included.
 *
 * ASSERT states what only a bug of ours can break. It is never used on input from
 * disk, network or user: those errors are returned (base/err.h). */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

_Noreturn void assert_failed(const char *condition, const char *file, int line,
			     const char *function);

#define ASSERT(c) ((c) ? (void)0 : assert_failed(#c, __FILE__, __LINE__, __func__))

#endif
