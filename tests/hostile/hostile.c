#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TARGET(name, function, argument, seeds)                                          \
	void function(const char *argument_text, struct bytes input);
#include "tests/hostile/hostile.def"
#undef TARGET

const struct hostile hostile_targets[] = {
#define TARGET(name, function, argument, seeds) {name, function, argument, seeds},
#include "tests/hostile/hostile.def"
#undef TARGET
	{0},
};

const struct hostile *
hostile_find(const char *name)
{
	for (const struct hostile *target = hostile_targets; target->name; target++)
		if (strcmp(target->name, name) == 0)
			return target;
	return NULL;
}

uint8_t
hostile_byte(struct bytes *input)
{
	uint8_t byte = 0;

	bytes_u8(input, &byte);
	return byte;
}

int64_t
hostile_number(struct bytes *input)
{
	uint8_t byte = hostile_byte(input);
	uint64_t wide = 0;

	if (byte < 0xf8)
		return byte % 16;
	if (byte < 0xfc)
		return -1 - byte % 4;
	bytes_u64(input, &wide);
	return (int64_t)wide;
}

char *
hostile_line(struct bytes *input)
{
	const char *end = memchr(input->data, '\n', input->len);
	struct bytes line = {0};

	bytes_take(input, end == NULL ? input->len : (size_t)(end - input->data), &line);
	hostile_byte(input);
	return mem_format("%.*s", (int)line.len, line.data);
}

int
hostile_file(struct bytes input, char *path, size_t path_bytes)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT(file_write_all(fd, input.data, input.len));
	ASSERT(lseek(fd, 0, SEEK_SET) == 0);
	snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
	return fd;
}
