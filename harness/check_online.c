#include "harness/check_online.h"

#include "base/clock.h"
#include "checkers/model_names.h"
#include "harness/command.h"
#include "results/formats/event_stream.h"
#include "results/library.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RECENT_MAX = 1 << 12, /* events kept to be shown */
	SHOWN_MAX = 12,
};

/* An event as it is shown. */
struct recent {
	online_value key;
	int64_t position;
	char *text; /* owned */
};

struct judging {
	struct check_online *check;
	int fd;
	struct reader_options
		lines; /* as the stream reads them: few at a time, no bound */
	const struct online_decider *decider;
	struct online *online;
	int64_t deadline_ns;
	const char *over; /* static: the part of the budget that ended; NULL: none */
	struct recent recent[RECENT_MAX]; /* a ring */
	int64_t events;
	uint64_t operations;
	size_t bytes_peak;
};

/* ---- telling ---- */

static void
remember(struct judging *judging, const struct history *names, const struct event *event)
{
	static const char *const types[] = {"", "invoke", "ok", "fail", "info"};
	struct recent *recent = &judging->recent[judging->events % RECENT_MAX];
	struct buf text = {0};

	buf_printf(&text, "process %" PRIu32 ": %s %s", event->process,
		   types[event->type], history_f_name(names, event->f));
	if (event->key != VAL_OF_NIL) {
		buf_string(&text, " key ");
		val_print(&names->values, event->key, &text);
	}
	buf_char(&text, ' ');
	val_print(&names->values, event->value, &text);
	free(recent->text);
	*recent = (struct recent){online_value_of(&names->values, event->key),
				  judging->events, mem_string(buf_text(&text))};
	buf_release(&text);
}

static enum op_type
type_of(enum event_type type)
{
	static const enum op_type types[] = {OP_NONE, OP_NONE, OP_OK, OP_FAIL, OP_INFO};

	return types[type];
}

/* Nothing is told after the violation: the rest of the lines is only read. */
static bool
tell(void *context, const struct history *names, const struct event *event,
     struct err *err)
{
	struct judging *judging = context;
	const struct online_event told = {.position = judging->events,
					  .process = event->process,
					  .f = event->f,
					  .type = (uint8_t)type_of(event->type),
					  .key = event->key,
					  .value = event->value};

	(void)err;
	if (online_violation(judging->online) != NULL)
		return true;
	if (judging->check->path[0] == '-')
		remember(judging, names, event);
	online_tell(judging->online, &names->values, &told);
	judging->events++;
	judging->operations += told.type != OP_NONE;
	return true;
}

/* ---- the budget ---- */

static bool
is_memory_over(struct judging *judging)
{
	size_t bytes = online_size(judging->online).bytes;
	size_t most = judging->check->judge->bytes_max;

	if (bytes > judging->bytes_peak)
		judging->bytes_peak = bytes;
	if (most == 0 || bytes <= most)
		return false;
	judging->over = "more was live than the budget of memory";
	return true;
}

/* Waits for lines no longer than there is time: a pipe may stay silent. */
static bool
is_time_over(struct judging *judging)
{
	struct pollfd input = {.fd = judging->fd, .events = POLLIN};

	if (judging->check->judge->time_ns == 0)
		return false;
	int left = clock_left_ms(judging->deadline_ns);
	if (left > 0 && poll(&input, 1, left) != 0)
		return false;
	judging->over = "the budget of time ended";
	return true;
}

static bool
judge_all(struct judging *judging, struct event_stream *stream, struct err *err)
{
	bool more = true;

	judging->deadline_ns = clock_ns() + judging->check->judge->time_ns;
	do
		if (!event_stream_next(stream, tell, judging, &more, err))
			return false;
	while (!is_memory_over(judging) && more &&
	       online_violation(judging->online) == NULL && !is_time_over(judging));
	return true;
}

/* ---- choosing ---- */

static bool
refuse(const char *checker, struct err *err)
{
	const struct online_decider *const *all;
	struct buf names = {0};
	size_t count;

	all = online_deciders(&count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "",
			   online_decider_name(all[i]));
	err_set(err, "checker '%s' judges whole histories only", checker);
	err_hint(err, "online are: %s", buf_text(&names));
	buf_release(&names);
	return false;
}

static const char *
name_of(const struct check_online *check)
{
	return strcmp(check->path, "-") == 0 ? "standard input" : check->path;
}

static bool
takes_options(const struct check_online *check, struct err *err)
{
	const struct checker *checker = checker_find(check->checker, err);

	return checker != NULL &&
	       checker_takes_init(checker, check->init_values, check->judge->check.init,
				  err) &&
	       (check->judge->check.model == NULL ||
		model_suits(check->judge->check.model, check->checker, err));
}

/* From the history that the first lines make. */
static bool
choose(struct judging *judging, struct event_stream *stream, struct err *err)
{
	struct check_online *check = judging->check;
	struct reader_facts facts = {0};
	struct history head;

	history_init(&head);
	bool ok = reader_read_bytes(event_stream_head(stream), name_of(check),
				    &judging->lines, &head, &facts, err);
	ok = ok &&
	     library_tuples_are_there(check->reader.key, &head, name_of(check), err);
	if (ok && facts.are_tuples)
		event_stream_take_tuples(stream);
	if (ok && check->checker == NULL) {
		const struct checker *chosen = checker_choose(&head);
		check->checker = chosen != NULL ? chosen->name : NULL;
		ok = chosen != NULL ||
		     err_set(err, "no checker fits the first events of %s",
			     name_of(check));
	}
	history_release(&head);
	if (!ok)
		return false;
	judging->decider = online_decider_find(check->checker);
	if (judging->decider == NULL)
		return refuse(check->checker, err);
	return takes_options(check, err);
}

/* ---- words ---- */

static void
show_recent(const struct judging *judging, online_value key, struct buf *out)
{
	int64_t first = judging->events > RECENT_MAX ? judging->events - RECENT_MAX : 0;
	int64_t from = judging->events;

	for (int shown = 0; from > first && shown < SHOWN_MAX; from--)
		shown += judging->recent[(from - 1) % RECENT_MAX].key == key;
	buf_string(out, "the last events of the key:\n");
	for (int64_t i = from; i < judging->events; i++) {
		const struct recent *recent = &judging->recent[i % RECENT_MAX];
		if (recent->key == key)
			buf_printf(out, "  event %" PRId64 ": %s\n", recent->position,
				   recent->text);
	}
}

/* What there is no memory for was found nevertheless. */
static bool
read_again(const struct check_online *check, struct bytes file, struct history *history,
	   bool *is_read, struct buf *out, struct err *err)
{
	struct reader_facts facts = {0};

	*is_read = reader_read_bytes(file, check->path, &check->reader, history, &facts,
				     err);
	if (!*is_read && facts.over_bound)
		buf_printf(out, "unknown: larger than the budget of memory: %s\n",
			   err->text);
	return *is_read || facts.over_bound;
}

static bool
judge_read(const struct check_online *check, struct history *history, struct buf *out,
	   struct err *err)
{
	const char *const named[] = {check->checker, NULL};
	struct judge_options options = *check->judge;
	struct judgement judgement;

	options.checkers = named;
	options.check.nil_is_unknown = check->options.nil_is_unknown;
	options.check.init =
		val_copy(&history->values, check->init_values, check->judge->check.init);
	if (!judge_history(history, &options, &judgement, err))
		return false;
	judge_words(history, &judgement, out);
	judge_release(&judgement);
	return true;
}

/* The checker of the same name on the file up to the last line that was told. */
static bool
judge_again(const struct check_online *check, struct bytes file, struct buf *out,
	    struct err *err)
{
	struct history history;
	bool is_read;

	history_init(&history);
	buf_string(out, "the checker on the file up to there: ");
	bool ok = read_again(check, file, &history, &is_read, out, err) &&
		  (!is_read || judge_read(check, &history, out, err));
	history_release(&history);
	return ok;
}

static bool
judge_file_again(const struct judging *judging, uint64_t bytes, struct buf *out,
		 struct err *err)
{
	void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, judging->fd, 0);

	if (data == MAP_FAILED)
		return err_errno(err, "map '%s'", judging->check->path);
	bool ok = judge_again(judging->check, (struct bytes){data, bytes}, out, err);
	munmap(data, bytes);
	return ok;
}

static void
print_counts(const struct judging *judging, struct buf *out)
{
	buf_printf(out,
		   "  read %" PRId64 " events, judged %" PRIu64
		   " operations as %s; at most %.1f MB were live\n",
		   judging->events, judging->operations,
		   online_decider_name(judging->decider),
		   (double)judging->bytes_peak / 1e6);
}

/* NULL: all was judged. */
static const char *
why_not_all(const struct judging *judging)
{
	return judging->over != NULL ? judging->over : online_gave_up(judging->online);
}

static void
print_words(const struct judging *judging, struct buf *out)
{
	const struct online_violation *violation = online_violation(judging->online);
	const char *gave_up = why_not_all(judging);
	const char *name = online_decider_name(judging->decider);

	if (violation != NULL) {
		buf_printf(out, "invalid: %s: ", name);
		online_violation_print(violation, out);
		buf_char(out, '\n');
	} else {
		buf_printf(out, "unknown: %s: %s%s\n", name,
			   gave_up != NULL ? "not all was judged: "
					   : "no violation on the way; faultline check "
					     "decides the whole",
			   gave_up != NULL ? gave_up : "");
	}
	print_counts(judging, out);
}

static void
print_json(const struct judging *judging, struct buf *out)
{
	const struct online_violation *violation = online_violation(judging->online);

	buf_printf(out,
		   "{\"verdict\":\"%s\",\"checker\":\"%s\",\"events\":%" PRId64
		   ",\"operations\":%" PRIu64 ",\"peak_bytes\":%zu",
		   violation != NULL ? "invalid" : "unknown",
		   online_decider_name(judging->decider), judging->events,
		   judging->operations, judging->bytes_peak);
	if (violation != NULL)
		buf_printf(out,
			   ",\"anomaly\":\"%s\",\"invoked_at\":%" PRId64
			   ",\"completed_at\":%" PRId64,
			   violation->name, violation->invoke_at, violation->at);
	if (why_not_all(judging) != NULL)
		buf_printf(out, ",\"gave_up\":\"%s\"", why_not_all(judging));
	buf_string(out, "}\n");
}

/* ---- the command ---- */

static bool
tell_outcome(const struct judging *judging, uint64_t offset, struct err *err)
{
	const struct online_violation *violation = online_violation(judging->online);
	bool is_file = judging->check->path[0] != '-', ok = true;
	struct buf out = {0};
	struct stat status;

	if (judging->check->json) {
		print_json(judging, &out);
	} else {
		print_words(judging, &out);
		is_file = is_file && fstat(judging->fd, &status) == 0 &&
			  S_ISREG(status.st_mode);
		if (violation != NULL && is_file)
			ok = judge_file_again(judging, offset, &out, err);
		else if (violation != NULL)
			show_recent(judging, violation->key, &out);
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, "write the verdict");
	return ok;
}

static bool
parse_nil(struct check_online *check, const struct format *format, struct err *err)
{
	bool *is_unknown = &check->options.nil_is_unknown;

	*is_unknown = check->nil != NULL ? strcmp(check->nil, "unknown") == 0
					 : format->nil_is_unknown;
	return check->nil == NULL || *is_unknown || strcmp(check->nil, "value") == 0 ||
	       err_set(err, "--nil must be 'unknown' or 'value', not '%s'", check->nil);
}

static bool
judge_stream(struct judging *judging, struct event_stream *stream, struct err *err)
{
	struct check_online *check = judging->check;

	if (!parse_nil(check, event_stream_format(stream), err) ||
	    !choose(judging, stream, err))
		return false;
	judging->online = online_new(judging->decider, &check->options);
	return judge_all(judging, stream, err) &&
	       tell_outcome(judging, event_stream_offset(stream), err);
}

bool
check_online(struct check_online *check, int *code, struct err *err)
{
	bool is_input = strcmp(check->path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(check->path, O_RDONLY | O_CLOEXEC);
	struct judging *judging = mem_new(1, sizeof(*judging));
	bool ok = fd >= 0 || err_errno(err, "open '%s'", check->path);

	judging->check = check;
	judging->fd = fd;
	judging->lines = check->reader;
	judging->lines.bytes_max = 0;
	struct event_stream *stream =
		ok ? event_stream_open(fd, name_of(check), &judging->lines, err) : NULL;
	ok = stream != NULL && judge_stream(judging, stream, err);
	if (ok)
		*code = online_violation(judging->online) != NULL ? EXIT_INVALID
								  : EXIT_UNKNOWN;
	event_stream_close(stream);
	online_free(judging->online);
	for (size_t i = 0; i < RECENT_MAX; i++)
		free(judging->recent[i].text);
	free(judging);
	if (fd >= 0 && !is_input)
		close(fd);
	return ok;
}
