#include "checkers/online/peaks.h"

enum {
	FORGET_FROM = 16
};

static void
forget(struct peaks *peaks, int64_t watermark)
{
	size_t gone = 0;

	while (gone + 1 < peaks->count && peaks->items[gone + 1].at < watermark)
		gone++;
	for (size_t i = gone; gone > 0 && i < peaks->count; i++)
		peaks->items[i - gone] = peaks->items[i];
	peaks->count -= gone;
}

void
peaks_tell(struct peaks *peaks, int64_t at, int64_t stage, int64_t watermark)
{
	if (peaks->count > 0 && vec_last(peaks)->stage >= stage)
		return;
	if (peaks->count >= FORGET_FROM && peaks->count == peaks->capacity)
		forget(peaks, watermark);
	vec_push(peaks, (struct peak){at, stage});
}

int64_t
peaks_before(const struct peaks *peaks, int64_t moment)
{
	for (size_t i = peaks->count; i-- > 0;)
		if (peaks->items[i].at < moment)
			return peaks->items[i].stage;
	return PEAK_NONE;
}
