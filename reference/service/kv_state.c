#include "reference/service/kv_state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

struct kv_value *
kv_find(const struct service *kv, struct bytes key)
{
	struct dict_entry *entry = dict_find(&kv->keys, key);

	return entry != NULL ? entry->value : NULL;
}

void
kv_put(struct service *kv, struct bytes key, struct kv_value *value)
{
	bool is_new;
	struct dict_entry *entry = dict_add(&kv->keys, key, &is_new);
	struct kv_value *old = entry->value;

	if (is_new)
		kv->bytes += key.len + KV_ITEM_BYTES;
	else
		kv->bytes -= old->bytes;
	kv->bytes += value->bytes;
	entry->value = value;
	kv_value_free(old);
}

bool
kv_drop(struct service *kv, struct bytes key)
{
	struct dict_entry *entry = dict_find(&kv->keys, key);

	if (entry == NULL)
		return false;
	struct kv_value *value = entry->value;
	kv->bytes -= value->bytes + key.len + KV_ITEM_BYTES;
	dict_remove(&kv->keys, entry);
	kv_value_free(value);
	return true;
}

/* ---- the whole of it ---- */

struct service *
kv_open(void)
{
	return mem_new(1, sizeof(struct service));
}

static void
empty(struct service *kv)
{
	vec_each (struct dict_entry, entry, &kv->keys.entries)
		kv_value_free(entry->value);
	dict_release(&kv->keys);
	kv->bytes = 0;
}

void
kv_close(struct service *kv)
{
	if (kv == NULL)
		return;
	empty(kv);
	free(kv);
}

void
kv_snapshot(const struct service *kv, struct buf *out)
{
	buf_string(out, "kv1\n");
	buf_u64(out, kv->keys.entries.count);
	vec_each (struct dict_entry, entry, &kv->keys.entries) {
		buf_u32(out, (uint32_t)entry->key.len);
		buf_append(out, entry->key.data, entry->key.len);
		kv_value_encode(entry->value, out);
	}
}

static bool
decode_key(struct service *kv, struct bytes *in)
{
	uint32_t length;
	struct bytes key;

	if (!bytes_u32(in, &length) || !bytes_take(in, length, &key) ||
	    kv_find(kv, key) != NULL)
		return false;
	struct kv_value *value = kv_value_decode(in);
	if (value != NULL)
		kv_put(kv, key, value);
	return value != NULL;
}

static bool
decode(struct service *kv, struct bytes in)
{
	struct bytes magic;
	uint64_t count;

	if (!bytes_take(&in, 4, &magic) || memcmp(magic.data, "kv1\n", 4) != 0 ||
	    !bytes_u64(&in, &count))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!decode_key(kv, &in))
			return false;
	return in.len == 0;
}

bool
kv_restore(struct service *kv, struct bytes snapshot, struct err *err)
{
	struct service fresh = {0};

	if (!decode(&fresh, snapshot)) {
		empty(&fresh);
		return err_set(err,
			       "restore key-value state: the %zu bytes are no snapshot",
			       snapshot.len);
	}
	empty(kv);
	*kv = fresh;
	return true;
}

uint64_t
kv_hash(const struct service *kv)
{
	uint64_t sum = kv->keys.entries.count;

	vec_each (struct dict_entry, entry, &kv->keys.entries) {
		uint64_t pair[2] = {entry->hash, kv_value_hash(entry->value)};
		sum += XXH3_64bits(pair, sizeof(pair));
	}
	return sum;
}
