#include "checkers/jepsen/log_pattern.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool
log_patterns_add(struct log_patterns *patterns, const char *expression, struct err *err)
{
	struct log_expression added;
	char problem[200];

	int code = regcomp(&added.regex, expression, REG_EXTENDED | REG_NOSUB);
	if (code != 0) {
		regerror(code, &added.regex, problem, sizeof(problem));
		err_set(err, "understand the pattern '%s': %s", expression, problem);
		return err_hint(err, "patterns are POSIX extended regular expressions");
	}
	added.text = mem_string(expression);
	vec_push(&patterns->of, added);
	return true;
}

void
log_patterns_release(struct log_patterns *patterns)
{
	vec_each (struct log_match, match, &patterns->matches) {
		free(match->file);
		free(match->line);
	}
	vec_each (struct log_expression, expression, &patterns->of) {
		regfree(&expression->regex);
		free(expression->text);
	}
	vec_release(&patterns->matches);
	vec_release(&patterns->of);
	buf_release(&patterns->scratch);
}

static void
take_line(struct buf *scratch, struct bytes line)
{
	size_t bytes = line.len < LOG_LINE_BYTES_MAX ? line.len : LOG_LINE_BYTES_MAX;

	buf_clear(scratch);
	buf_append(scratch, line.data, bytes);
	for (size_t i = 0; i < bytes; i++)
		if (scratch->data[i] == '\0')
			scratch->data[i] = ' ';
}

/* The first pattern that matches the line; their number: none does. */
static size_t
find(const struct log_patterns *patterns, const char *line)
{
	size_t i = 0;

	while (i < patterns->of.count &&
	       regexec(&patterns->of.items[i].regex, line, 0, NULL, 0) != 0)
		i++;
	return i;
}

bool
log_patterns_line(struct log_patterns *patterns, const char *file, uint64_t number,
		  struct bytes line)
{
	patterns->lines++;
	take_line(&patterns->scratch, line);
	const char *text = buf_text(&patterns->scratch);
	size_t expression = find(patterns, text);
	if (expression == patterns->of.count)
		return false;
	if (patterns->count++ < LOG_MATCHES_MAX)
		vec_push(&patterns->matches,
			 (struct log_match){mem_string(file), mem_string(text), number,
					    expression});
	return true;
}

static void
print_text(const char *name, const char *text, struct buf *details)
{
	tell_name(details, name);
	json_print_string(text, strlen(text), details);
}

static void
print_match(const struct log_patterns *patterns, const struct log_match *match,
	    struct buf *details)
{
	buf_char(details, '{');
	print_text("node", match->file, details);
	tell_number(details, "number", match->number);
	print_text("pattern", patterns->of.items[match->expression].text, details);
	print_text("line", match->line, details);
	buf_char(details, '}');
}

static void
add_anomaly(const struct log_match *match, struct check_result *result)
{
	struct anomaly *anomaly = check_result_anomaly(result, "log-match", VAL_OF_NIL);

	if (anomaly != NULL)
		anomaly->text = mem_format("%s, line %" PRIu64 ": %s\n", match->file,
					   match->number, match->line);
}

void
log_patterns_result(const struct log_patterns *patterns, struct check_result *result)
{
	*result = (struct check_result){.checker = "log-pattern",
					.complexity = "O(bytes of the logs)"};
	tell_number(&result->details, "count", patterns->count);
	tell_number(&result->details, "lines", patterns->lines);
	tell_name(&result->details, "matches");
	buf_char(&result->details, '[');
	vec_each (struct log_match, match, &patterns->matches) {
		if (match > patterns->matches.items)
			buf_char(&result->details, ',');
		print_match(patterns, match, &result->details);
		add_anomaly(match, result);
	}
	buf_char(&result->details, ']');
	result->anomaly_count = patterns->count;
	if (patterns->lines == 0)
		tell_unknown(result, mem_string("no line of a log was looked at"));
	tell_end(result,
		 mem_format("none of %" PRIu64 " lines matches", patterns->lines));
}
