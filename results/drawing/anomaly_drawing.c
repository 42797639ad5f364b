#include "results/drawing/anomaly_drawing.h"

#include "base/file.h"
#include "results/drawing/cycle_graph.h"
#include "results/drawing/timeline.h"

#include <stdlib.h>

void
anomaly_drawing_name(const char *checker, size_t number, const char *anomaly,
		     struct buf *name)
{
	buf_printf(name, "%s-%zu-%s.svg", checker, number, anomaly);
}

bool
anomaly_drawing_print(const struct history *history, const struct anomaly *anomaly,
		      struct buf *svg, struct err *err)
{
	size_t before = svg->len;

	err_clear(err);
	if (anomaly->steps.count > 0 && cycle_graph_print(history, anomaly->steps.items,
							  anomaly->steps.count, svg, err))
		return true;
	timeline_print(history, anomaly->ops.items, anomaly->ops.count, svg);
	return svg->len > before;
}

/* Files stand alone and so say what they are. */
static bool
write_one(const char *folder, const char *checker, size_t number,
	  const struct history *history, const struct anomaly *anomaly, struct buf *paths,
	  struct err *why, struct err *err)
{
	struct buf svg = {0}, path = {0};
	struct err not_drawn;
	bool ok = true;

	buf_string(&svg, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_printf(&path, "%s/", folder);
	anomaly_drawing_name(checker, number, anomaly->name, &path);
	if (anomaly_drawing_print(history, anomaly, &svg, &not_drawn)) {
		ok = file_write(buf_text(&path), svg.data, svg.len, err);
		buf_printf(paths, "%s\n", buf_text(&path));
	}
	if (not_drawn.text[0] != '\0')
		*why = not_drawn;
	buf_release(&svg);
	buf_release(&path);
	return ok;
}

bool
anomaly_drawings_write(const char *folder, const struct history *history,
		       const struct judgement *judgement, struct buf *paths,
		       struct err *why, struct err *err)
{
	err_clear(why);
	vec_each (const struct judged, judged, &judgement->of) {
		const struct check_result *result = &judged->result;
		if (result->anomalies.count > 0 && !file_make_folder(folder, err))
			return false;
		for (size_t i = 0; i < result->anomalies.count; i++)
			if (!write_one(folder, result->checker, i + 1, history,
				       &result->anomalies.items[i], paths, why, err))
				return false;
	}
	return true;
}
