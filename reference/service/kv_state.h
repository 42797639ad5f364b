/* kv_state.h - the state of the key-value service: what each key holds, and how much that
 * is; the whole of it as bytes and as one number. */
#ifndef REFERENCE_SERVICE_KV_STATE_H
#define REFERENCE_SERVICE_KV_STATE_H

#include "reference/service/kv_value.h"
#include "reference/service/service.h"

struct service {
	struct dict keys; /* values: struct kv_value, owned */
	uint64_t bytes;	  /* of all keys and values, for KV_BYTES_MAX */
};

/* The value at the key, NULL when it holds none; owned by the state. */
struct kv_value *kv_find(const struct service *kv, struct bytes key);

/* Puts a value at the key in place of what was there; the value is owned from then on. */
void kv_put(struct service *kv, struct bytes key, struct kv_value *value);

/* Frees what the key holds; false when that is nothing. */
bool kv_drop(struct service *kv, struct bytes key);

/* What service_kind (service.h) asks of every state. */
struct service *kv_open(void);
void kv_close(struct service *kv);
void kv_snapshot(const struct service *kv, struct buf *out);
bool kv_restore(struct service *kv, struct bytes snapshot, struct err *err);
uint64_t kv_hash(const struct service *kv);

#endif
