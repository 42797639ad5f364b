#include "checkers/jepsen/log_pattern.h"

#include "base/mem.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool
log_pattern_init(struct log_pattern *pattern, const char *expression, struct err *err)
{
	char problem[200];

	*pattern = (struct log_pattern){0};
	int code = regcomp(&pattern->regex, expression, REG_EXTENDED | REG_NOSUB);
	if (code == 0)
		return true;
	regerror(code, &pattern->regex, problem, sizeof(problem));
	err_set(err, "understand the pattern '%s': %s", expression, problem);
	return err_hint(err, "patterns are POSIX extended regular expressions");
}

void
log_pattern_release(struct log_pattern *pattern)
{
	vec_each (struct log_match, match, &pattern->matches) {
		free(match->node);
		free(match->line);
	}
	vec_release(&pattern->matches);
	buf_release(&pattern->scratch);
	regfree(&pattern->regex);
}

bool
log_pattern_line(struct log_pattern *pattern, const char *node, uint64_t number,
		 struct bytes line)
{
	size_t bytes = line.len < LOG_LINE_BYTES_MAX ? line.len : LOG_LINE_BYTES_MAX;

	pattern->lines++;
	buf_clear(&pattern->scratch);
	buf_append(&pattern->scratch, line.data, bytes);
	for (size_t i = 0; i < bytes; i++)
		if (pattern->scratch.data[i] == '\0')
			pattern->scratch.data[i] = ' ';
	if (regexec(&pattern->regex, buf_text(&pattern->scratch), 0, NULL, 0) != 0)
		return false;
	if (pattern->count++ < LOG_MATCHES_MAX)
		vec_push(&pattern->matches,
			 (struct log_match){mem_string(node),
					    mem_string(buf_text(&pattern->scratch)),
					    number});
	return true;
}

static void
print_match(const struct log_match *match, struct buf *details)
{
	buf_char(details, '{');
	tell_name(details, "node");
	json_print_string(match->node, strlen(match->node), details);
	tell_number(details, "number", match->number);
	tell_name(details, "line");
	json_print_string(match->line, strlen(match->line), details);
	buf_char(details, '}');
}

static void
add_anomaly(const struct log_match *match, struct check_result *result)
{
	struct anomaly *anomaly = check_result_anomaly(result, "log-match", VAL_OF_NIL);

	if (anomaly != NULL)
		anomaly->text = mem_format("%s, line %" PRIu64 ": %s\n", match->node,
					   match->number, match->line);
}

void
log_pattern_result(const struct log_pattern *pattern, struct check_result *result)
{
	*result = (struct check_result){.checker = "log-pattern",
					.complexity = "O(bytes of the logs)"};
	tell_number(&result->details, "count", pattern->count);
	tell_number(&result->details, "lines", pattern->lines);
	tell_name(&result->details, "matches");
	buf_char(&result->details, '[');
	vec_each (struct log_match, match, &pattern->matches) {
		if (match > pattern->matches.items)
			buf_char(&result->details, ',');
		print_match(match, &result->details);
		add_anomaly(match, result);
	}
	buf_char(&result->details, ']');
	result->anomaly_count = pattern->count;
	if (pattern->lines == 0)
		tell_unknown(result, mem_string("no line of a log was looked at"));
	tell_end(result, mem_format("none of %" PRIu64 " lines matches", pattern->lines));
}
