/* kv_value.h - what a key of the key-value service holds: a string, a set or a list.
 *
 * PURE. Values know their size, so that the service can bound what it holds. */
#ifndef REFERENCE_SERVICE_KV_VALUE_H
#define REFERENCE_SERVICE_KV_VALUE_H

#include "reference/service/dict.h"

enum kv_type {
	KV_STRING = 1,
	KV_SET,
	KV_LIST
};

struct kv_value {
	enum kv_type type;
	struct buf string;	/* KV_STRING */
	struct dict set;	/* KV_SET: members, without values */
	VEC(struct bytes) list; /* KV_LIST: each item owned */
	uint64_t bytes;		/* of the content, with an allowance for each item */
};

enum {
	KV_ITEM_BYTES = 48
}; /* the allowance: what an item costs beside its bytes */

struct kv_value *kv_value_new(enum kv_type type);
void kv_value_free(struct kv_value *value);

void kv_value_append(struct kv_value *value, struct bytes more);
bool kv_value_set_add(struct kv_value *value, struct bytes member); /* false: is there */
bool kv_value_set_remove(struct kv_value *value, struct bytes member); /* false: is not */
void kv_value_push(struct kv_value *value, struct bytes item);

/* As bytes, with the type first; and back, taken off the front (NULL: not a value). */
void kv_value_encode(const struct kv_value *value, struct buf *out);
struct kv_value *kv_value_decode(struct bytes *in);

/* Equal for equal values: sets whatever their order, lists and strings item by item. */
uint64_t kv_value_hash(const struct kv_value *value);

#endif
