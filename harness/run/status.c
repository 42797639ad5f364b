#include "harness/run/status.h"

#include "base/clock.h"
#include "base/log.h"

void
status_init(struct status *status, int64_t start_ns, int64_t time_ns, bool is_hidden)
{
	*status = (struct status){
		.start_ns = start_ns, .time_ns = time_ns, .is_hidden = is_hidden};
}

/* Operations a second since the oldest sample that is kept. */
static uint64_t
rate_of(struct status *status, int64_t now_ns, uint64_t count)
{
	unsigned kept = status->sample_count < STATUS_SAMPLES ? status->sample_count
							      : STATUS_SAMPLES;
	unsigned oldest = (status->sample_count - kept) % STATUS_SAMPLES;
	int64_t since_ns = kept > 0 ? status->samples[oldest].at_ns : status->start_ns;
	uint64_t before = kept > 0 ? status->samples[oldest].count : 0;
	unsigned newest = status->sample_count++ % STATUS_SAMPLES;

	status->samples[newest].at_ns = now_ns;
	status->samples[newest].count = count;
	if (now_ns <= since_ns)
		return 0;
	return (uint64_t)((double)(count - before) * 1e9 / (double)(now_ns - since_ns));
}

static void
add_count(struct buf *line, const char *name, uint64_t count)
{
	char text[32];

	buf_printf(line, "  %s %s", name, text_count(count, text, sizeof(text)));
}

void
status_line(struct status *status, int64_t now_ns, const char *phase, struct tally tally,
	    const char *fault, struct buf *line)
{
	char text[32];
	uint64_t rate = rate_of(status, now_ns, tally.ok + tally.fail + tally.info);

	buf_printf(line, "%s  %.1f s of %.0f s", phase,
		   (double)(now_ns - status->start_ns) / 1e9,
		   (double)status->time_ns / 1e9);
	if (fault[0] != '\0') /* before the counts: narrow terminals cut the end */
		buf_printf(line, "  [%.32s]", fault);
	buf_printf(line, "  %s/s", text_count(rate, text, sizeof(text)));
	add_count(line, "ok", tally.ok);
	add_count(line, "fail", tally.fail);
	add_count(line, "info", tally.info);
	if (status->is_judged)
		add_count(line, "checked", status->judged);
}

void
status_show(struct status *status, const char *phase, struct tally tally,
	    const char *fault)
{
	struct buf line = {0};

	if (status->is_hidden || !log_is_terminal())
		return;
	status_line(status, clock_ns(), phase, tally, fault, &line);
	log_status(buf_text(&line));
	buf_release(&line);
}
