#include "systems/base64.h"

#include <string.h>

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buf *out, struct bytes data)
{
	const unsigned char *in = (const unsigned char *)data.data;

	for (size_t i = 0; i < data.len; i += 3) {
		size_t left = data.len - i;
		uint32_t word = (uint32_t)in[i] << 16;
		if (left > 1)
			word |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			word |= in[i + 2];
		buf_char(out, letters[word >> 18]);
		buf_char(out, letters[word >> 12 & 63]);
		buf_char(out, left > 1 ? letters[word >> 6 & 63] : '=');
		buf_char(out, left > 2 ? letters[word & 63] : '=');
	}
}

/* Four characters, of which the last `padding` are '='; false when one is no letter. */
static bool
decode_four(const char *text, int padding, uint32_t *word)
{
	*word = 0;
	for (int i = 0; i < 4; i++) {
		const char *at = i < 4 - padding ? strchr(letters, text[i]) : letters;
		if (at == NULL || *at == '\0')
			return false;
		*word = *word << 6 | (uint32_t)(at - letters);
	}
	return true;
}

bool
base64_decode(struct buf *out, const char *text)
{
	size_t length = strlen(text), start = out->len;

	if (length % 4 != 0)
		return false;
	for (size_t i = 0; i < length; i += 4) {
		bool last = i + 4 == length;
		int padding = last ? (text[i + 3] == '=') + (text[i + 2] == '=') : 0;
		uint32_t word;
		if (!decode_four(text + i, padding, &word)) {
			out->len = start;
			return false;
		}
		for (int byte = 0; byte < 3 - padding; byte++)
			buf_char(out, (char)(word >> (16 - 8 * byte) & 255));
	}
	return true;
}
