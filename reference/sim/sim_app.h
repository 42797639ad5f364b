/* sim_app.h - what simulated clients ask, in the words of service_kv and its sessions. */
#ifndef REFERENCE_SIM_SIM_APP_H
#define REFERENCE_SIM_SIM_APP_H

#include "base/op.h"
#include "reference/service/session.h"

/* What a client asks. A retry repeats session and sequence number. */
struct sim_request {
	uint64_t session, sequence;
	enum op_f f; /* F_READ, F_WRITE, F_CAS */
	uint32_t key;
	int64_t expected, value; /* cas: expected; write and cas: value */
};

/* What it is told. */
struct sim_reply {
	enum op_type type;
	bool is_nil;
	int64_t value; /* of a read */
};

/* The command that goes through the log for a write or cas. */
void sim_app_encode(const struct sim_request *request, struct buf *command);

/* Runs the committed command at `index`. Sets *repeated when its session had the answer.
 */
void sim_app_apply(struct sessions *app, uint64_t index, struct bytes command,
		   struct sim_reply *reply, bool *repeated);

/* Serves a read from the state as it is. */
void sim_app_read(struct sessions *app, const struct sim_request *request,
		  struct sim_reply *reply);

#endif
