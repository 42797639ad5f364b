#include "results/formats/window.h"

#include <sys/mman.h>
#include <unistd.h>

enum {
	WINDOW_BYTES = 1 << 20
};

/* Begins at `from`; what is read next is asked for at once, not page by page. */
static void
begin_at(struct window *window, size_t from)
{
	size_t left = window->file.len - from;
	size_t bytes = left < WINDOW_BYTES ? left : WINDOW_BYTES;

	window->from = from;
	window->to = from + bytes;
#ifdef MADV_POPULATE_READ
	madvise((char *)window->file.data + from, bytes, MADV_POPULATE_READ);
#endif
}

bool
window_open(struct window *window, int fd, size_t bytes, const char *path,
	    struct err *err)
{
	void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);

	*window = (struct window){0};
	if (data == MAP_FAILED)
		return err_errno(err, "map '%s'", path);
	madvise(data, bytes, MADV_SEQUENTIAL);
	window->file = (struct bytes){.data = data, .len = bytes};
	begin_at(window, 0);
	return true;
}

void
window_close(struct window *window)
{
	munmap((char *)window->file.data, window->file.len);
}

void
window_move(struct window *window, const char *at)
{
	size_t offset = (size_t)(at - window->file.data);
	size_t from = offset - offset % (size_t)sysconf(_SC_PAGESIZE);

	/* Behind its end there may be what a reader looked at on its way. */
	size_t gone = from > window->from ? from : window->to;
	madvise((char *)window->file.data + window->from, gone - window->from,
		MADV_DONTNEED);
	begin_at(window, from);
}
