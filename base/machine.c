#include "base/machine.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TEXT_BYTES_MAX = 1 << 16
};

/* The number in a file; UINT64_MAX: no file, or no number ("max"). */
static uint64_t
limit_in(const char *folder, const char *path, const char *file)
{
	char *name = mem_format("%s%s/%s", folder, path, file);
	struct buf text = {0};
	struct err ignored;
	uint64_t limit = UINT64_MAX;

	if (file_read(name, TEXT_BYTES_MAX, &text, &ignored) && text.len > 0 &&
	    text.data[0] >= '0' && text.data[0] <= '9')
		limit = strtoull(buf_text(&text), NULL, 10);
	buf_release(&text);
	free(name);
	return limit;
}

/* The least limit of a group and those above it. */
static uint64_t
limit_upwards(const char *folder, char *path, const char *file)
{
	uint64_t least = limit_in(folder, "", file);

	for (char *end = path + strlen(path); end > path; end = strrchr(path, '/')) {
		*end = '\0';
		uint64_t limit = limit_in(folder, path, file);
		if (limit < least)
			least = limit;
	}
	return least;
}

/* A line "0::/path" (second version) or "7:cpu,memory:/path" (first). */
static uint64_t
limit_of_line(char *line, const char *folder)
{
	char *kinds = strchr(line, ':'),
	     *path = kinds != NULL ? strchr(kinds + 1, ':') : NULL;

	if (path == NULL || path[1] != '/')
		return UINT64_MAX;
	*path++ = '\0';
	if (kinds[1] == '\0')
		return limit_upwards(folder, path, "memory.max");
	if (strstr(kinds, "memory") == NULL)
		return UINT64_MAX;
	char *mounted = mem_format("%s/memory", folder);
	uint64_t limit = limit_upwards(mounted, path, "memory.limit_in_bytes");
	free(mounted);
	return limit;
}

uint64_t
machine_group_limit(const char *groups, const char *folder)
{
	char *copy = mem_string(groups), *rest = copy;
	uint64_t least = UINT64_MAX;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		uint64_t limit = limit_of_line(line, folder);
		if (limit < least)
			least = limit;
	}
	free(copy);
	return least;
}

uint64_t
machine_memory(void)
{
	uint64_t bytes =
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	struct buf groups = {0};
	struct err ignored;

	if (file_read("/proc/self/cgroup", TEXT_BYTES_MAX, &groups, &ignored)) {
		uint64_t limit = machine_group_limit(buf_text(&groups), "/sys/fs/cgroup");
		if (limit < bytes)
			bytes = limit;
	}
	buf_release(&groups);
	return bytes;
}
