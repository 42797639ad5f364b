/* Porcupine's test data for its key-value model: EDN with get, put and append of strings.
 *
 *	{:process 0, :type :invoke, :f :append, :key "7", :value "x 0 3 y"}
 *	{:process 0, :type :ok, :f :get, :key "7", :value ""}
 *
 * Get and put are read and write (names.h). A key that was never put holds "", which
 * becomes nil, the initial value; a read of it is news, as in Porcupine's model. */
#include "results/formats/event_map.h"

#include <string.h>

static void
empty_is_nil(struct history *history)
{
	val empty = val_string(&history->values, "");

	vec_each (struct op, op, &history->ops) {
		if (op->input == empty)
			op->input = VAL_OF_NIL;
		if (op->output == empty)
			op->output = VAL_OF_NIL;
	}
}

static bool
read_porcupine(struct reading *reading)
{
	if (!event_maps_read(reading, SCAN_EDN))
		return false;
	empty_is_nil(reading->events.history);
	return true;
}

static bool
holds(struct bytes head, const char *text)
{
	return memmem(head.data, head.len, text, strlen(text)) != NULL;
}

/* EDN whose functions are these; Jepsen has no `:key`. */
static int
sniff(struct bytes head)
{
	if (head.len == 0 || head.data[0] != '{' || !holds(head, ":key \""))
		return 0;
	return holds(head, ":f :get,") || holds(head, ":f :put,") ? 95 : 0;
}

const struct format format_porcupine = {
	.name = "porcupine",
	.summary = "get, put and append of strings, as Porcupine's tests have them",
	.sniff = sniff,
	.read = read_porcupine,
};
