/* The invariants of the cluster: figure 3 of the Raft paper, each where it could first be
 * seen broken. The sentence goes to result->violation and ends the run. */
#include "reference/sim/sim_world.h"

#include <stdarg.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool
is_on(const struct sim *sim)
{
	return (sim->options.bugs == 0 || sim->options.strict) &&
	       sim->result->violation[0] == '\0';
}

static void __attribute__((format(printf, 2, 3)))
violate(struct sim *sim, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sim->result->violation, sizeof(sim->result->violation), format, args);
	va_end(args);
}

static uint64_t
content_hash(const struct protocol_entry *entry)
{
	uint64_t words[3] = {entry->term, entry->origin, entry->tag};

	return XXH3_64bits(entry->data.data, entry->data.len) ^
	       XXH3_64bits(words, sizeof(words));
}

/* The value that the map holds under the key; a new key gets `value`. */
static uint64_t
note(struct map *map, uint64_t key, uint64_t value)
{
	bool is_new;
	uint64_t *noted = map_at(map, key, &is_new);

	if (is_new)
		*noted = value;
	return *noted;
}

/* Leader completeness: a leader has every entry that was committed in an earlier term.
 * The term of a node that applies an entry is no less than that of its commitment. A
 * leader may come late: its votes may have been under way while a later term was at work.
 */
static void
check_new_leader(struct sim *sim, const struct sim_node *node,
		 const struct protocol_status *status)
{
	for (uint64_t i = status->first; i <= sim->committed_last; i++) {
		const uint64_t *term = map_find(&sim->terms, i);
		const uint64_t *committed_by = map_find(&sim->commit_terms, i);
		struct protocol_entry entry;
		if (term == NULL || *committed_by >= status->term)
			continue;
		if (!protocol_raft.entry(node->protocol, i, &entry) ||
		    entry.term != *term)
			violate(sim,
				"leader completeness: node %u leads term %llu without "
				"the committed entry %llu of term %llu",
				node->id, (unsigned long long)status->term,
				(unsigned long long)i, (unsigned long long)*term);
	}
}

/* Election safety: at most one leader a term. */
static void
check_leader(struct sim *sim, struct sim_node *node)
{
	struct protocol_status status;

	protocol_raft.status(node->protocol, &status);
	if (status.term == node->leader_term)
		return;
	node->leader_term = status.term;
	sim_count(sim, elections);
	uint64_t leader = note(&sim->leaders, status.term, node->id);
	sim->result->stats.split_terms += leader != node->id;
	if (!is_on(sim))
		return;
	if (leader != node->id)
		violate(sim, "election safety: nodes %u and %u both lead term %llu",
			(unsigned)leader, node->id, (unsigned long long)status.term);
	check_new_leader(sim, node, &status);
}

void
sim_check_node(struct sim *sim, struct sim_node *node)
{
	if (sim->options.bugs == 0)
		protocol_raft.check(node->protocol);
	if (sim_node_leads(node))
		check_leader(sim, node);
}

/* Log matching: entries with the same index and term are the same, and so are those
 * before them; the latter by induction over each entry's predecessor. */
void
sim_check_append(struct sim *sim, const struct sim_node *node)
{
	if (!is_on(sim))
		return;
	vec_each (const struct protocol_entry, entry, &node->effects.append) {
		uint64_t where[2] = {entry->index, entry->term};
		uint64_t key = XXH3_64bits(where, sizeof(where));
		struct protocol_entry before;
		uint64_t content = content_hash(entry);
		if (note(&sim->entries, key, content) != content)
			violate(sim, "log matching: two entries %llu of term %llu differ",
				(unsigned long long)entry->index,
				(unsigned long long)entry->term);
		if (protocol_raft.entry(node->protocol, entry->index - 1, &before) &&
		    note(&sim->entries, ~key, before.term) != before.term)
			violate(sim,
				"log matching: before entry %llu of term %llu stand "
				"entries of different terms",
				(unsigned long long)entry->index,
				(unsigned long long)entry->term);
	}
}

/* State machine safety: no two nodes apply different entries at one index. */
void
sim_check_apply(struct sim *sim, const struct sim_node *node,
		const struct protocol_entry *entry)
{
	uint64_t content = content_hash(entry);
	struct protocol_status status;

	if (!is_on(sim))
		return;
	protocol_raft.status(node->protocol, &status);
	note(&sim->terms, entry->index, entry->term);
	note(&sim->commit_terms, entry->index, status.term);
	if (entry->index > sim->committed_last)
		sim->committed_last = entry->index;
	if (note(&sim->committed, entry->index, content) != content)
		violate(sim, "state machine safety: node %u applies another entry %llu",
			node->id, (unsigned long long)entry->index);
}

/* The service is deterministic: the same entries make the same state. */
void
sim_check_state(struct sim *sim, const struct sim_node *node)
{
	uint64_t hash = sessions_hash(node->app);

	if (is_on(sim) && note(&sim->states, node->applied, hash) != hash)
		violate(sim, "determinism: node %u has another state after entry %llu",
			node->id, (unsigned long long)node->applied);
}

void
sim_check_release(struct sim *sim)
{
	map_release(&sim->leaders);
	map_release(&sim->entries);
	map_release(&sim->committed);
	map_release(&sim->terms);
	map_release(&sim->commit_terms);
	map_release(&sim->states);
}
