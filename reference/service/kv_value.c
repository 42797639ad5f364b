#include "reference/service/kv_value.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>

struct kv_value *
kv_value_new(enum kv_type type)
{
	struct kv_value *value = mem_new(1, sizeof(*value));

	value->type = type;
	return value;
}

void
kv_value_free(struct kv_value *value)
{
	if (value == NULL)
		return;
	buf_release(&value->string);
	dict_release(&value->set);
	vec_each (struct bytes, item, &value->list)
		free((char *)item->data);
	vec_release(&value->list);
	free(value);
}

void
kv_value_append(struct kv_value *value, struct bytes more)
{
	buf_append(&value->string, more.data, more.len);
	value->bytes += more.len;
}

bool
kv_value_set_add(struct kv_value *value, struct bytes member)
{
	bool is_new;

	dict_add(&value->set, member, &is_new);
	if (is_new)
		value->bytes += member.len + KV_ITEM_BYTES;
	return is_new;
}

bool
kv_value_set_remove(struct kv_value *value, struct bytes member)
{
	struct dict_entry *entry = dict_find(&value->set, member);

	if (entry == NULL)
		return false;
	value->bytes -= member.len + KV_ITEM_BYTES;
	dict_remove(&value->set, entry);
	return true;
}

void
kv_value_push(struct kv_value *value, struct bytes item)
{
	struct bytes copy = {.data = mem_bytes(item.data, item.len), .len = item.len};

	vec_push(&value->list, copy);
	value->bytes += item.len + KV_ITEM_BYTES;
}

static void
encode_bytes(struct buf *out, struct bytes bytes)
{
	buf_u32(out, (uint32_t)bytes.len);
	buf_append(out, bytes.data, bytes.len);
}

static bool
decode_bytes(struct bytes *in, struct bytes *bytes)
{
	uint32_t length;

	return bytes_u32(in, &length) && bytes_take(in, length, bytes);
}

void
kv_value_encode(const struct kv_value *value, struct buf *out)
{
	buf_u8(out, (uint8_t)value->type);
	switch (value->type) {
	case KV_STRING:
		encode_bytes(out, buf_bytes(&value->string));
		break;
	case KV_SET:
		buf_u32(out, (uint32_t)value->set.entries.count);
		vec_each (struct dict_entry, entry, &value->set.entries)
			encode_bytes(out, entry->key);
		break;
	case KV_LIST:
		buf_u32(out, (uint32_t)value->list.count);
		vec_each (struct bytes, item, &value->list)
			encode_bytes(out, *item);
		break;
	}
}

static bool
decode_items(struct kv_value *value, struct bytes *in)
{
	uint32_t count;
	struct bytes item;

	if (!bytes_u32(in, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!decode_bytes(in, &item))
			return false;
		if (value->type == KV_LIST)
			kv_value_push(value, item);
		else if (!kv_value_set_add(value, item))
			return false;
	}
	return true;
}

static bool
decode_string(struct kv_value *value, struct bytes *in)
{
	struct bytes string;

	if (!decode_bytes(in, &string))
		return false;
	kv_value_append(value, string);
	return true;
}

struct kv_value *
kv_value_decode(struct bytes *in)
{
	uint8_t type;

	if (!bytes_u8(in, &type) || type < KV_STRING || type > KV_LIST)
		return NULL;
	struct kv_value *value = kv_value_new((enum kv_type)type);
	bool ok = type == KV_STRING ? decode_string(value, in) : decode_items(value, in);

	if (ok)
		return value;
	kv_value_free(value);
	return NULL;
}

uint64_t
kv_value_hash(const struct kv_value *value)
{
	uint64_t hash = (uint64_t)value->type;

	if (value->type == KV_STRING)
		hash += dict_hash(buf_bytes(&value->string));
	vec_each (struct dict_entry, entry, &value->set.entries)
		hash += entry->hash;
	vec_each (struct bytes, item, &value->list)
		hash = XXH3_64bits_withSeed(item->data, item->len, hash);
	return hash;
}
