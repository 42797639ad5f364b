/* check.c - is this history allowed? Build: cc check.c -lfaultline-check -lm -pthread */
#include <faultline-check.h>
#include <stdio.h>

/* A register that forgets: 1 was replaced by 2, and is read again. */
static bool
play(struct faultline_check *check)
{
	return faultline_check_invoke(check, 0, "write", "\"x\"", "1", 10) &&
	       faultline_check_complete(check, 0, FAULTLINE_OK, "1", 20) &&
	       faultline_check_invoke(check, 0, "write", "\"x\"", "2", 30) &&
	       faultline_check_complete(check, 0, FAULTLINE_OK, "2", 40) &&
	       faultline_check_invoke(check, 1, "read", "\"x\"", NULL, 50) &&
	       faultline_check_complete(check, 1, FAULTLINE_OK, "1", 60);
}

int
main(int argc, char **argv)
{
	struct faultline_check *check = faultline_check_new();
	bool ok =
		argc == 1 ? play(check) : faultline_check_read_file(check, argv[1], NULL);
	ok = ok && faultline_check_set(check, "time", "10s");
	enum faultline_verdict verdict = ok ? faultline_check_run(check) : FAULTLINE_NONE;
	printf("%s\n", verdict == FAULTLINE_NONE ? faultline_check_error(check)
						 : faultline_check_words(check));
	faultline_check_free(check);
	return verdict == FAULTLINE_VALID ? 0 : verdict == FAULTLINE_INVALID ? 1 : 2;
}
