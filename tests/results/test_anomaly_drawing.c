/* Pictures of violations: what a reader must find in them, and what happens when they cannot
 * be drawn. */
#include "base/child.h"
#include "base/file.h"
#include "checkers/transaction/graph.h"
#include "results/drawing/anomaly_drawing.h"
#include "results/drawing/cycle_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- histories and cycles -------------------------------------------------------------
 */

static val
mop(struct history *history, const char *f, const char *key, int64_t value)
{
	struct values *values = &history->values;
	val result = f[0] == 'r' ? val_list(values, (val[]){val_small(value)}, 1)
				 : val_small(value);

	return val_list(values,
			(val[]){val_string(values, f), val_string(values, key), result},
			3);
}

/* Transaction i reads i of its key and appends i + 1 to the next one. */
static void
add_txns(struct history *history, uint32_t count, const char *key)
{
	history_init(history);
	for (uint32_t i = 0; i < count; i++) {
		val list = val_list(&history->values,
				    (val[]){mop(history, "r", key, i),
					    mop(history, "append", key, i + 1)},
				    2);
		struct op op = {.f = F_TXN,
				.type = OP_OK,
				.process = i,
				.invoke_at = i,
				.complete_at = 100 + i,
				.input = list,
				.output = list};
		history_add(history, &op);
	}
	history_sort(history);
}

/* A cycle through all of them: kinds in turn. */
static void
add_steps(struct history *history, uint32_t count, const char *key,
	  struct anomaly *anomaly)
{
	static const uint8_t kinds[] = {EDGE_RW, EDGE_WW, EDGE_WR, EDGE_PROCESS,
					EDGE_REALTIME};

	*anomaly = (struct anomaly){.name = "G2-item"};
	for (uint32_t i = 0; i < count; i++) {
		vec_push(&anomaly->ops, i);
		vec_push(&anomaly->steps,
			 (struct anomaly_step){.from = i,
					       .to = (i + 1) % count,
					       .witness = UINT32_MAX,
					       .kind = kinds[i % 5],
					       .key = val_string(&history->values, key),
					       .first = val_small(i),
					       .second = val_small(i + 1)});
	}
}

static void
release(struct history *history, struct anomaly *anomaly)
{
	vec_release(&anomaly->ops);
	vec_release(&anomaly->steps);
	history_release(history);
}

/* ---- reading a picture ----------------------------------------------------------------
 */

static size_t
times(const char *text, const char *wanted)
{
	size_t count = 0;

	for (; (text = strstr(text, wanted)) != NULL; text += strlen(wanted))
		count++;
	return count;
}

/* Every element is closed in its order, and no bare & or < stands in the text. */
static bool
is_well_formed(const char *xml)
{
	char names[64][32];
	int depth = 0;

	for (const char *c = xml; *c != '\0'; c++) {
		if (*c == '&' && strchr(c, ';') == NULL)
			return false;
		if (*c != '<' || c[1] == '?' || c[1] == '!')
			continue;
		bool closes = c[1] == '/';
		const char *name = c + 1 + closes, *end = strchr(c, '>');
		size_t length = strcspn(name, " \t\n/>");
		if (end == NULL || length == 0 || length >= sizeof(names[0]))
			return false;
		if (closes && (depth == 0 || strlen(names[depth - 1]) != length ||
			       strncmp(names[--depth], name, length) != 0))
			return false;
		if (!closes && end[-1] != '/') {
			if (depth == 64)
				return false;
			snprintf(names[depth++], sizeof(names[0]), "%.*s", (int)length,
				 name);
		}
		c = end;
	}
	return depth == 0;
}

/* Without the package graphviz there is nothing to look at. */
static void
skip_without_graphviz(void)
{
	static const char *const argv[] = {"dot", "-V", NULL};
	struct child child = {.argv = argv};
	struct err err;

	if (!child_run(&child, NULL, &err))
		skip();
}

static void
a_cycle_shows_its_transactions_and_its_reasons(void **state)
{
	struct history history;
	struct anomaly anomaly;
	struct buf svg = {0};
	struct err err;

	(void)state;
	skip_without_graphviz();
	add_txns(&history, 5, "x");
	add_steps(&history, 5, "x", &anomaly);
	assert_true(cycle_graph_print(&history, anomaly.steps.items, 5, &svg, &err));
	assert_true(is_well_formed(buf_text(&svg)));
	assert_int_equal(times(buf_text(&svg), "class=\"node\""), 5);
	assert_int_equal(times(buf_text(&svg), "class=\"edge\""), 5);
	static const char *const shown[] = {">T0<",	   ">T4<",	 ">rw<",
					    ">ww<",	   ">wr<",	 ">process<",
					    ">real time<", "append x 1", "read x = [0]"};
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (strstr(buf_text(&svg), shown[i]) == NULL)
			fail_msg("'%s' is not in the picture", shown[i]);
	buf_release(&svg);
	release(&history, &anomaly);
}

static void
keys_with_markup_do_not_break_the_picture(void **state)
{
	static const char key[] = "<b>&\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
				  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4]]>";
	struct history history;
	struct anomaly anomaly;
	struct buf svg = {0};
	struct err err;

	(void)state;
	skip_without_graphviz();
	add_txns(&history, 2, key);
	add_steps(&history, 2, key, &anomaly);
	assert_true(cycle_graph_print(&history, anomaly.steps.items, 2, &svg, &err));
	assert_true(is_well_formed(buf_text(&svg)));
	assert_non_null(strstr(buf_text(&svg), "&lt;b&gt;"));
	buf_release(&svg);
	release(&history, &anomaly);
}

static void
fifty_transactions_are_drawn_and_fifty_one_are_not(void **state)
{
	struct history history;
	struct anomaly anomaly;
	struct buf svg = {0};
	struct err err;

	(void)state;
	skip_without_graphviz();
	add_txns(&history, 51, "x");
	add_steps(&history, 50, "x", &anomaly);
	assert_true(cycle_graph_print(&history, anomaly.steps.items, 50, &svg, &err));
	assert_int_equal(times(buf_text(&svg), "class=\"node\""), 50);
	vec_release(&anomaly.ops);
	vec_release(&anomaly.steps);
	add_steps(&history, 51, "x", &anomaly);
	buf_clear(&svg);
	assert_false(cycle_graph_print(&history, anomaly.steps.items, 51, &svg, &err));
	assert_int_equal(svg.len, 0);
	assert_non_null(strstr(err.text, "51"));
	assert_true(anomaly_drawing_print(&history, &anomaly, &svg, &err));
	assert_non_null(strstr(buf_text(&svg), "class='timeline'"));
	buf_release(&svg);
	release(&history, &anomaly);
}

/* ---- Graphviz -------------------------------------------------------------------------
 */

/* A folder with a `dot` that does this; "": without one. */
static void
set_dot(char *folder, const char *script)
{
	char path[128];
	FILE *file;

	strcpy(folder, "/tmp/faultline-dot-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(setenv("PATH", folder, 1), 0);
	if (script[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/dot", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

/* What is drawn then: a timeline, and the reason says this. */
static void
assert_timeline_instead(const char *script, const char *reason)
{
	char *path = strdup(getenv("PATH"));
	struct history history;
	struct anomaly anomaly;
	struct buf svg = {0};
	struct err err, ignored;
	char folder[64];

	add_txns(&history, 2, "x");
	add_steps(&history, 2, "x", &anomaly);
	set_dot(folder, script);
	assert_true(anomaly_drawing_print(&history, &anomaly, &svg, &err));
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_non_null(strstr(buf_text(&svg), "class='timeline'"));
	assert_true(is_well_formed(buf_text(&svg)));
	if (strstr(err.text, reason) == NULL && strstr(err.hint, reason) == NULL)
		fail_msg("'%s' (%s) does not say '%s'", err.text, err.hint, reason);
	assert_true(file_remove_tree(folder, &ignored));
	buf_release(&svg);
	release(&history, &anomaly);
	free(path);
}

static void
without_graphviz_there_is_a_timeline(void **state)
{
	(void)state;
	assert_timeline_instead("", "graphviz");
}

static void
a_graphviz_that_hangs_is_ended(void **state)
{
	(void)state;
	assert_timeline_instead("exec /bin/sleep 30", "dot");
}

static void
a_graphviz_that_prints_nonsense_is_not_believed(void **state)
{
	(void)state;
	assert_timeline_instead("echo '<svg'", "no picture");
}

/* ---- files ----------------------------------------------------------------------------
 */

static void
each_anomaly_gets_a_file(void **state)
{
	char folder[] = "/tmp/faultline-draw-XXXXXX";
	struct judgement judgement = {0};
	struct judged judged = {.result = {.checker = "list-append"}};
	struct history history;
	struct anomaly anomaly;
	struct buf paths = {0}, svg = {0};
	struct err err, why;
	char file[128];

	(void)state;
	skip_without_graphviz();
	assert_non_null(mkdtemp(folder));
	add_txns(&history, 3, "x");
	add_steps(&history, 3, "x", &anomaly);
	vec_push(&judged.result.anomalies, anomaly);
	vec_push(&judged.result.anomalies, (struct anomaly){.name = "G1a"});
	vec_push(&vec_last(&judged.result.anomalies)->ops, 1);
	vec_push(&judgement.of, judged);
	snprintf(file, sizeof(file), "%s/deep/er", folder);
	assert_true(
		anomaly_drawings_write(file, &history, &judgement, &paths, &why, &err));
	assert_string_equal(why.text, "");
	assert_int_equal(times(buf_text(&paths), "\n"), 2);
	snprintf(file, sizeof(file), "%s/deep/er/list-append-1-G2-item.svg", folder);
	assert_true(file_read(file, 1 << 20, &svg, &err));
	assert_true(is_well_formed(buf_text(&svg)));
	snprintf(file, sizeof(file), "%s/deep/er/list-append-2-G1a.svg", folder);
	assert_true(file_exists(file));
	assert_true(file_remove_tree(folder, &err));
	judge_release(&judgement);
	history_release(&history);
	buf_release(&paths);
	buf_release(&svg);
}

static void
a_folder_that_cannot_be_made_is_an_error(void **state)
{
	struct judgement judgement = {0};
	struct judged judged = {.result = {.checker = "list-append"}};
	struct history history;
	struct buf paths = {0};
	struct err err, why;

	(void)state;
	add_txns(&history, 1, "x");
	vec_push(&judged.result.anomalies, (struct anomaly){.name = "G1a"});
	vec_push(&judgement.of, judged);
	assert_false(anomaly_drawings_write("/proc/none/of/this", &history, &judgement,
					    &paths, &why, &err));
	assert_non_null(strstr(err.text, "/proc/none"));
	judge_release(&judgement);
	history_release(&history);
	buf_release(&paths);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_shows_its_transactions_and_its_reasons),
		cmocka_unit_test(keys_with_markup_do_not_break_the_picture),
		cmocka_unit_test(fifty_transactions_are_drawn_and_fifty_one_are_not),
		cmocka_unit_test(without_graphviz_there_is_a_timeline),
		cmocka_unit_test(a_graphviz_that_hangs_is_ended),
		cmocka_unit_test(a_graphviz_that_prints_nonsense_is_not_believed),
		cmocka_unit_test(each_anomaly_gets_a_file),
		cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
