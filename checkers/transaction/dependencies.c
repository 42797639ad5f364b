#include "checkers/transaction/dependencies.h"

#include "base/map.h"

void
dependencies_init(struct dependencies *d)
{
	size_t n = d->txns.of.count;

	d->committed = mem_new(n, sizeof(*d->committed));
	d->begin = mem_new(n, sizeof(*d->begin));
	d->end = mem_new(n, sizeof(*d->end));
	for (uint32_t t = 0; t < n; t++) {
		const struct op *op = txn_op(&d->txns, t);
		d->committed[t] = op->type == OP_OK;
		d->begin[t] = op->invoke_at;
		d->end[t] = op->complete_at;
	}
	graph_init(&d->graph, (uint32_t)n);
}

void
dependencies_add_process(struct dependencies *d)
{
	struct map last = {0}; /* process -> its latest committed transaction + 1 */

	for (uint32_t t = 0; t < d->txns.of.count; t++) {
		if (!d->committed[t])
			continue;
		uint64_t *before = map_at(&last, txn_op(&d->txns, t)->process, NULL);
		if (*before != 0)
			graph_add(&d->graph, (uint32_t)*before - 1, t, EDGE_PROCESS);
		*before = (uint64_t)t + 1;
	}
	map_release(&last);
}

void
dependencies_find(struct dependencies *d, enum isolation_anomaly anomaly, uint32_t txn,
		  uint32_t other, uint32_t key, val value)
{
	d->finding_count++;
	if (d->findings.count < FINDINGS_MAX)
		vec_push(&d->findings, (struct finding){.anomaly = anomaly,
							.txn = txn,
							.other = other,
							.key = key,
							.value = value});
}

void
dependencies_release(struct dependencies *d)
{
	if (d->release_type != NULL)
		d->release_type(d);
	txns_release(&d->txns);
	graph_release(&d->graph);
	free(d->committed);
	free(d->begin);
	free(d->end);
	vec_release(&d->findings);
}
