#include "harness/cmd_sim_judge.h"

#include "checkers/register/register.h"

#include <stdio.h>

bool
sim_judge(void *context, const struct sim_result *result, char *anomaly,
	  size_t anomaly_bytes, struct buf *explanation)
{
	struct check_options options = {.threads = 1};
	struct check_result checked;

	(void)context;
	checker_run(&checker_register, &result->history, &options, &checked);
	bool valid = checked.verdict == VERDICT_VALID;
	if (!valid && checked.anomalies.count > 0) {
		const struct anomaly *first = &checked.anomalies.items[0];
		snprintf(anomaly, anomaly_bytes, "%s", first->name);
		buf_printf(explanation, "%s\n", first->text);
	} else if (!valid) {
		snprintf(anomaly, anomaly_bytes, "%s", verdict_name(checked.verdict));
		buf_printf(explanation, "%s\n", checked.reason ? checked.reason : "");
	}
	check_result_release(&checked);
	return valid;
}
