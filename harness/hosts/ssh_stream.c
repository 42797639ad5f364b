#include "harness/hosts/ssh_private.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	LINE_BYTES_MAX = 4 << 20,
	WORDS_BYTES_MAX = 4 << 10,
	CLOSE_MS = 1000
};

struct ssh_stream {
	struct ssh *ssh; /* owned when owns_session, else borrowed */
	bool owns_session;
	ssh_channel channel;
	struct ssh_channel_callbacks_struct callbacks;
	struct buf pending; /* read, but not yet asked for */
	struct buf words;   /* what it wrote to standard error, up to a bound */
	bool over;	    /* its output ended */
	bool flooded;	    /* it wrote a line that is too long */
};

static int
on_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr,
	void *userdata)
{
	struct ssh_stream *stream = userdata;
	struct buf *to = is_stderr ? &stream->words : &stream->pending;
	size_t bound = is_stderr ? WORDS_BYTES_MAX : LINE_BYTES_MAX;

	(void)session, (void)channel;
	if (to->len + len <= bound)
		buf_append(to, data, len);
	else if (!is_stderr)
		stream->flooded = true;
	return (int)len;
}

static void
on_end(ssh_session session, ssh_channel channel, void *userdata)
{
	struct ssh_stream *stream = userdata;

	(void)session, (void)channel;
	stream->over = true;
}

struct ssh_stream *
ssh_stream_open(struct ssh *ssh, const char *command, int timeout_ms, struct err *err)
{
	struct ssh_stream *stream = mem_new(1, sizeof(*stream));

	stream->ssh = ssh;
	stream->callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = stream,
		.channel_data_function = on_data,
		.channel_eof_function = on_end,
		.channel_close_function = on_end,
	};
	stream->channel = ssh_channel_begin(ssh, command, &stream->callbacks,
					    clock_ns() + timeout_ms * NS_PER_MS, err);
	if (stream->channel != NULL)
		return stream;
	free(stream);
	err_context(err, "host %s: start '%.200s'", ssh->name, command);
	return NULL;
}

void
ssh_stream_own_session(struct ssh_stream *stream)
{
	stream->owns_session = true;
}

bool
ssh_stream_is_over(const struct ssh_stream *stream)
{
	return stream->over || ssh_is_broken(stream->ssh);
}

/* It ended: the last line that it wrote to standard error says why, if anything does. */
static bool
ended(struct ssh_stream *stream, struct err *err)
{
	struct buf *words = &stream->words;

	while (words->len > 0 && words->data[words->len - 1] == '\n')
		words->data[--words->len] = '\0';
	const char *line = strrchr(buf_text(words), '\n');
	line = line ? line + 1 : buf_text(words);
	return err_set(err, "host %s: the program ended%s%s", stream->ssh->name,
		       line[0] ? ": " : "", line);
}

bool
ssh_stream_write(struct ssh_stream *stream, struct bytes data, int timeout_ms,
		 struct err *err)
{
	struct ssh *ssh = stream->ssh;
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (data.len > 0) {
		uint32_t room = ssh_channel_window_size(stream->channel);
		int written = 0;
		if (stream->over)
			return ended(stream, err);
		if (room > 0)
			written = ssh_channel_write(stream->channel, data.data,
						    data.len < room ? (uint32_t)data.len
								    : room);
		if (written < 0)
			return err_set(err, "host %s: write to the program: %s",
				       ssh->name, ssh_get_error(ssh->session));
		data.data += written;
		data.len -= (size_t)written;
		if (data.len > 0 && !ssh_step(ssh, deadline, err))
			return err_context(err, "host %s: write to the program",
					   ssh->name);
	}
	return true;
}

static bool
take_line(struct ssh_stream *stream, struct buf *line)
{
	struct buf *pending = &stream->pending;
	char *end = pending->len ? memchr(pending->data, '\n', pending->len) : NULL;

	if (end == NULL)
		return false;
	size_t bytes = (size_t)(end - pending->data);
	buf_append(line, pending->data, bytes);
	buf_consume(pending, bytes + 1);
	return true;
}

bool
ssh_stream_line(struct ssh_stream *stream, struct buf *line, int timeout_ms,
		struct err *err)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (!take_line(stream, line)) {
		if (stream->flooded)
			return err_set(err,
				       "host %s: the program wrote more than %d bytes "
				       "ahead",
				       stream->ssh->name, LINE_BYTES_MAX);
		if (stream->over)
			return ended(stream, err);
		if (!ssh_step(stream->ssh, deadline, err) && !stream->over)
			return err_context(err, "host %s: read from the program",
					   stream->ssh->name);
	}
	return true;
}

void
ssh_stream_close(struct ssh_stream *stream)
{
	struct err ignored;
	int64_t deadline = clock_ns() + CLOSE_MS * NS_PER_MS;

	if (stream == NULL)
		return;
	if (!ssh_stream_is_over(stream))
		ssh_channel_send_eof(stream->channel);
	while (!ssh_stream_is_over(stream) && ssh_step(stream->ssh, deadline, &ignored))
		;
	ssh_channel_end(stream->ssh, stream->channel, &stream->callbacks);
	if (stream->owns_session)
		ssh_close(stream->ssh);
	buf_release(&stream->pending);
	buf_release(&stream->words);
	free(stream);
}
