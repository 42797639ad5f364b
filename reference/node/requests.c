#include "reference/node/requests.h"

#include "base/assert.h"
#include "reference/service/resp.h"

#include <stdlib.h>
#include <string.h>

enum {
	RETRY_MS = 20,	/* pause before a refused attempt is made again */
	SLOT_BITS = 14, /* of a tag: where the request stands */
};
_Static_assert(REQUESTS_MAX == 1 << SLOT_BITS, "a tag must hold every slot");

struct requests {
	struct sessions *sessions; /* borrowed */
	struct requests_calls calls;
	uint64_t attempt; /* the number of the latest attempt; tag = attempt, slot */
	uint64_t request_ms, applied;
	struct request *slots[REQUESTS_MAX]; /* owned; NULL: free */
	uint32_t free_slots[REQUESTS_MAX];   /* a stack */
	size_t free_count;
	VEC(uint32_t) open;		/* slots that are not done, in no order */
	uint32_t open_at[REQUESTS_MAX]; /* where a slot stands in `open` */
	size_t ready_count;		/* reads that wait for their index */
	struct buf scratch;		/* reply of an entry that nobody here waits for */
};

/* ---- slots ------------------------------------------------------------------------- */

struct requests *
requests_open(struct sessions *sessions, const struct requests_calls *calls,
	      uint64_t start, uint64_t request_ms)
{
	struct requests *requests = mem_new(1, sizeof(*requests));

	requests->sessions = sessions;
	requests->calls = *calls;
	requests->attempt = start >> SLOT_BITS;
	requests->request_ms = request_ms;
	for (uint32_t slot = REQUESTS_MAX; slot-- > 0;)
		requests->free_slots[requests->free_count++] = slot;
	return requests;
}

static struct request *
add(struct requests *requests, void *owner)
{
	if (requests->free_count == 0)
		return NULL;
	struct request *request = mem_new(1, sizeof(*request));
	request->owner = owner;
	request->slot = requests->free_slots[--requests->free_count];
	requests->slots[request->slot] = request;
	return request;
}

static void
open_request(struct requests *requests, struct request *request)
{
	requests->open_at[request->slot] = (uint32_t)requests->open.count;
	vec_push(&requests->open, request->slot);
}

static void
close_request(struct requests *requests, struct request *request)
{
	uint32_t at = requests->open_at[request->slot];
	uint32_t moved = *vec_last(&requests->open);

	requests->open.items[at] = moved;
	requests->open_at[moved] = at;
	requests->open.count--;
	requests->ready_count -= request->is_ready;
	request->is_done = true;
}

static void
free_request(struct requests *requests, struct request *request)
{
	requests->slots[request->slot] = NULL;
	requests->free_slots[requests->free_count++] = request->slot;
	buf_release(&request->reply);
	buf_release(&request->entry);
	free(request);
}

static void
finish(struct requests *requests, struct request *request)
{
	close_request(requests, request);
	if (request->owner == NULL)
		free_request(requests, request);
	else
		requests->calls.done(requests->calls.context, request);
}

void
requests_drop(struct requests *requests, struct request *request)
{
	request->owner = NULL;
	if (request->is_done)
		free_request(requests, request);
}

void
requests_close(struct requests *requests)
{
	if (requests == NULL)
		return;
	for (size_t slot = 0; slot < REQUESTS_MAX; slot++)
		if (requests->slots[slot] != NULL)
			free_request(requests, requests->slots[slot]);
	vec_release(&requests->open);
	buf_release(&requests->scratch);
	free(requests);
}

/* ---- asking ------------------------------------------------------------------------ */

static void
submit(struct requests *requests, struct request *request)
{
	request->tag = ++requests->attempt << SLOT_BITS | request->slot;
	if (request->tag_first == 0)
		request->tag_first = request->tag;
	request->retry_ms = 0;
	requests->calls.submit(requests->calls.context,
			       request->is_write ? PROTOCOL_PROPOSE : PROTOCOL_READ,
			       request->tag,
			       request->is_write ? buf_bytes(&request->entry)
						 : (struct bytes){.data = ""});
}

struct request *
requests_add_done(struct requests *requests, void *owner)
{
	struct request *request = add(requests, owner);

	if (request != NULL)
		request->is_done = true;
	return request;
}

struct request *
requests_add(struct requests *requests, void *owner, const struct session_stamp *stamp,
	     const struct bytes *argv, size_t argc, uint64_t now_ms)
{
	static const struct session_stamp none = {.client = {.data = ""}};
	struct request *request = add(requests, owner);

	if (request == NULL)
		return NULL;
	request->is_write = stamp != NULL;
	request->deadline_ms = now_ms + requests->request_ms;
	session_entry_encode(stamp ? stamp : &none, argv, argc, &request->entry);
	open_request(requests, request);
	submit(requests, request);
	return request;
}

/* The request that some attempt with this tag belongs to, or NULL. */
static struct request *
find(const struct requests *requests, uint64_t tag)
{
	struct request *request = requests->slots[tag & (REQUESTS_MAX - 1)];

	if (request == NULL || request->is_done || tag < request->tag_first ||
	    tag > request->tag)
		return NULL;
	return request;
}

/* ---- answers ----------------------------------------------------------------------- */

/* The command did not run in this application of it; did it run before, unseen? */
static void
reply_not_run(struct request *request, enum session_outcome outcome)
{
	buf_clear(&request->reply);
	if (request->may_have_run)
		resp_error(&request->reply,
			   "UNKNOWN whether the command ran: this node missed a part of "
			   "the log");
	else
		resp_error(&request->reply, "REFUSED the command did not run: %s",
			   outcome == SESSION_STALE
				   ? "a later command of this connection overtook it"
				   : "the session of this connection was evicted");
}

void
requests_apply(struct requests *requests, const struct protocol_entry *entry,
	       node_id self)
{
	struct request *request =
		entry->origin == self ? find(requests, entry->tag) : NULL;
	enum session_outcome outcome;

	/* A tag of an earlier life of this node could meet a request of now by chance. */
	if (request != NULL &&
	    (!request->is_write || request->entry.len != entry->data.len ||
	     memcmp(request->entry.data, entry->data.data, entry->data.len) != 0))
		request = NULL;
	buf_clear(&requests->scratch);
	outcome = sessions_apply(requests->sessions, entry->index, entry->data,
				 request ? &request->reply : &requests->scratch);
	requests->applied = entry->index;
	if (request == NULL)
		return;
	request->was_expired = outcome == SESSION_EXPIRED;
	if (!request->has_own_stamp &&
	    (outcome == SESSION_STALE || outcome == SESSION_EXPIRED))
		reply_not_run(request, outcome);
	finish(requests, request);
}

static void
run_read(struct requests *requests, struct request *request)
{
	struct bytes argv[RESP_ARGS_MAX];
	size_t argc;
	struct session_stamp stamp;
	bool ok = session_entry_decode(buf_bytes(&request->entry), &stamp, argv, &argc);

	ASSERT(ok);
	sessions_read(requests->sessions, argv, argc, &request->reply);
	finish(requests, request);
}

void
requests_answer(struct requests *requests, const struct protocol_answer *answer,
		uint64_t now_ms)
{
	struct request *request = find(requests, answer->tag);

	if (request == NULL || request->tag != answer->tag)
		return;
	if (answer->kind == PROTOCOL_READ_READY) {
		request->read_index = answer->index;
		request->is_ready = true;
		requests->ready_count++;
		return;
	}
	request->reason = answer->reason;
	request->may_have_run |= answer->kind == PROTOCOL_UNKNOWN;
	request->retry_ms = now_ms + RETRY_MS;
}

void
requests_applied(struct requests *requests, uint64_t index)
{
	if (index > requests->applied)
		requests->applied = index;
	/* From the end: running one moves the last into its place. */
	for (size_t i = requests->open.count; requests->ready_count > 0 && i-- > 0;) {
		struct request *request = requests->slots[requests->open.items[i]];
		if (request->is_ready && request->read_index <= requests->applied)
			run_read(requests, request);
	}
}

void
requests_state_replaced(struct requests *requests)
{
	vec_each (uint32_t, slot, &requests->open)
		requests->slots[*slot]->may_have_run = true;
}

static void
give_up(struct requests *requests, struct request *request)
{
	const char *reason = request->reason ? request->reason : "no answer";
	bool asked = request->retry_ms == 0;

	if (request->is_write && (request->may_have_run || asked))
		resp_error(&request->reply,
			   "UNKNOWN whether the command ran or will: %s in time", reason);
	else
		resp_error(&request->reply, "REFUSED the command did not run: %s in time",
			   reason);
	finish(requests, request);
}

uint64_t
requests_tick(struct requests *requests, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = requests->open.count; i-- > 0;) {
		struct request *request = requests->slots[requests->open.items[i]];
		if (now_ms >= request->deadline_ms) {
			give_up(requests, request);
			continue;
		}
		if (request->retry_ms > 0 && now_ms >= request->retry_ms)
			submit(requests, request);
		uint64_t due =
			request->retry_ms > 0 ? request->retry_ms : request->deadline_ms;
		next = due < next ? due : next;
	}
	return next;
}

size_t
requests_open_count(const struct requests *requests)
{
	return requests->open.count;
}
