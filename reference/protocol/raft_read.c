/* Read index (thesis 6.4): a read may be served from any state that contains everything
 * committed when it was asked. The node asks the leader (itself, perhaps); the leader
 * notes its commit index and hears a majority answer a heartbeat round started after
 * that, so no newer leader can have committed anything before the question. Reads of one
 * node share a question, questions share a round. */
#include "reference/protocol/raft.h"

#include <string.h>

/* ---- the node that reads --------------------------------------------------------------
 */

void
raft_read(struct raft *raft, uint64_t tag)
{
	if (bug_is_on(raft->config.bugs, STALE_READ)) {
		raft_answer(raft, PROTOCOL_READ_READY, tag, raft->applied, NULL);
		return;
	}
	if (raft->reads.count >= RAFT_READS_MAX) {
		raft_answer(raft, PROTOCOL_REFUSED, tag, 0, "too many open reads");
		return;
	}
	uint64_t deadline = raft->now_ms + RAFT_PATIENCE * raft->config.election_ms;
	vec_push(&raft->reads, (struct raft_read){tag, deadline, 0});
}

/* The open question will not be answered: its reads wait to be asked again. */
void
raft_forget_question(struct raft *raft)
{
	raft->question = 0;
	vec_each (struct raft_read, read, &raft->reads)
		read->question = 0;
}

static void
hold_question(struct raft *raft, node_id from, uint64_t question)
{
	if (raft->questions.count < RAFT_QUESTIONS_MAX)
		vec_push(&raft->questions, (struct raft_question){from, question, 0, 0});
}

/* Asks for all reads that wait, unless a question is open or there is nobody to ask. */
void
raft_ask(struct raft *raft)
{
	if (raft->reads.count == 0 || raft->question != 0 || raft->leader == 0)
		return;
	raft->question = raft->question_next++;
	raft->question_asked_ms = raft->now_ms;
	vec_each (struct raft_read, read, &raft->reads)
		read->question = raft->question;
	if (raft->role == RAFT_LEADER) {
		hold_question(raft, raft->config.self, raft->question);
		return;
	}
	struct raft_message m = {.kind = RAFT_READ, .term = raft->term};
	raft_field(&m, TAG) = raft->question;
	raft_send(raft, raft->leader, &m);
}

static void
drop_reads(struct raft *raft, size_t count)
{
	raft->reads.count -= count;
	if (count > 0 && raft->reads.count > 0)
		memmove(raft->reads.items, raft->reads.items + count,
			raft->reads.count * sizeof(*raft->reads.items));
}

/* Only reads from the time of the question: later ones are still 0. */
static void
question_answered(struct raft *raft, uint64_t question, uint64_t index)
{
	size_t count = 0;

	if (question == 0 || question != raft->question)
		return;
	for (; count < raft->reads.count; count++) {
		const struct raft_read *read = &raft->reads.items[count];
		if (read->question != question)
			break;
		raft_answer(raft, PROTOCOL_READ_READY, read->tag, index, NULL);
	}
	drop_reads(raft, count);
	raft->question = 0;
}

void
raft_on_read_answer(struct raft *raft, const struct raft_message *m)
{
	question_answered(raft, raft_field(m, TAG), raft_field(m, INDEX));
}

/* Ends reads that waited too long, and gives up on a question that stays unanswered. */
void
raft_expire_reads(struct raft *raft)
{
	size_t count = 0;

	for (; count < raft->reads.count; count++) {
		const struct raft_read *read = &raft->reads.items[count];
		if (read->deadline_ms > raft->now_ms)
			break;
		raft_answer(raft, PROTOCOL_REFUSED, read->tag, 0, "no leader answered");
	}
	drop_reads(raft, count);
	if (raft->question != 0 &&
	    raft->now_ms >= raft->question_asked_ms + 2 * raft->config.heartbeat_ms)
		raft_forget_question(raft);
}

/* ---- the leader -----------------------------------------------------------------------
 */

void
raft_on_read(struct raft *raft, node_id from, const struct raft_message *m)
{
	if (raft->role == RAFT_LEADER)
		hold_question(raft, from, raft_field(m, TAG));
}

/* The commit index of a new leader may lag behind its predecessor's until an entry of its
 * own term is committed (section 8), so no question is answered before. */
static bool
knows_commit(const struct raft *raft)
{
	uint64_t term;

	return raft_log_term(&raft->log, raft->commit, &term) && term == raft->term;
}

/* One round at a time; the questions that come meanwhile share the next one. */
void
raft_start_round(struct raft *raft)
{
	if (raft->questions.count == 0 || raft->questions.items[0].round != 0 ||
	    !knows_commit(raft))
		return;
	raft->round++;
	vec_each (struct raft_question, question, &raft->questions) {
		question->index = raft->commit;
		question->round = raft->round;
	}
	raft->self->round = raft->round;
	raft_finish_rounds(raft);
}

static void
answer_question(struct raft *raft, const struct raft_question *question)
{
	struct raft_message m = {.kind = RAFT_READ_ANSWER, .term = raft->term};

	if (question->from == raft->config.self) {
		question_answered(raft, question->question, question->index);
		return;
	}
	raft_field(&m, TAG) = question->question;
	raft_field(&m, INDEX) = question->index;
	raft_send(raft, question->from, &m);
}

/* Answers the questions whose round a majority has answered. */
void
raft_finish_rounds(struct raft *raft)
{
	size_t heard = 0, done = 0;

	for (size_t i = 0; i < raft->config.node_count; i++)
		heard += raft->peers[i].round == raft->round;
	if (heard < raft->quorum)
		return;
	for (; done < raft->questions.count; done++) {
		const struct raft_question *question = &raft->questions.items[done];
		if (question->round == 0)
			break;
		answer_question(raft, question);
	}
	raft->questions.count -= done;
	if (done > 0 && raft->questions.count > 0)
		memmove(raft->questions.items, raft->questions.items + done,
			raft->questions.count * sizeof(*raft->questions.items));
}
