#include "systems/etcd_gateway.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_BYTES_MAX = 64 << 20
};

struct gateway {
	CURL *curl;		   /* owned */
	struct curl_slist *header; /* owned */
	char *address;		   /* owned: http://ADDRESS:PORT */
	struct buf answer;
	struct bytes unsent; /* of the body */
	char reason[CURL_ERROR_SIZE];
};

static void
start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
on_answer(char *data, size_t size, size_t count, void *context)
{
	struct gateway *gateway = context;

	if (gateway->answer.len + size * count > ANSWER_BYTES_MAX)
		return 0; /* which ends the transfer */
	buf_append(&gateway->answer, data, size * count);
	return size * count;
}

/* The body is given by a function that cannot go back to its beginning, and not as
 * POSTFIELDS: libcurl then cannot send it a second time on a new connection. */
static size_t
on_body(char *room, size_t size, size_t count, void *context)
{
	struct gateway *gateway = context;
	size_t bytes = size * count;

	if (bytes > gateway->unsent.len)
		bytes = gateway->unsent.len;
	memcpy(room, gateway->unsent.data, bytes);
	gateway->unsent.data += bytes;
	gateway->unsent.len -= bytes;
	return bytes;
}

struct gateway *
gateway_new(const char *address, int port)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct gateway *gateway = mem_new(1, sizeof(*gateway));

	pthread_once(&once, start_curl);
	gateway->address = mem_format("http://%s:%d", address, port);
	gateway->header = curl_slist_append(NULL, "Content-Type: application/json");
	gateway->curl = curl_easy_init();
	CURL *curl = gateway->curl;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, gateway->header);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, gateway->reason);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, gateway);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_READDATA, gateway);
	return gateway;
}

void
gateway_free(struct gateway *gateway)
{
	if (gateway == NULL)
		return;
	curl_easy_cleanup(gateway->curl);
	curl_slist_free_all(gateway->header);
	buf_release(&gateway->answer);
	free(gateway->address);
	free(gateway);
}

/* No byte of the request left: then it was not done. */
static enum gateway_outcome
judge_transfer(struct gateway *gateway, CURLcode code, struct err *err)
{
	long request_bytes = 0;

	curl_easy_getinfo(gateway->curl, CURLINFO_REQUEST_SIZE, &request_bytes);
	err_set(err, "%s",
		gateway->reason[0] ? gateway->reason : curl_easy_strerror(code));
	return request_bytes == 0 ? GATEWAY_REFUSED : GATEWAY_UNKNOWN;
}

/* Of the codes of gRPC those that etcd gives before it proposes anything, or when the
 * proposal was turned down as it was applied. What is left (deadline, unavailable, ...)
 * may still be done. */
static bool
is_refusal(json_int_t code)
{
	enum {
		INVALID_ARGUMENT = 3,
		PERMISSION_DENIED = 7,
		RESOURCE_EXHAUSTED = 8,
		FAILED_PRECONDITION = 9,
		OUT_OF_RANGE = 11,
		UNIMPLEMENTED = 12,
		UNAUTHENTICATED = 16,
	};

	return code == INVALID_ARGUMENT || code == PERMISSION_DENIED ||
	       code == RESOURCE_EXHAUSTED || code == FAILED_PRECONDITION ||
	       code == OUT_OF_RANGE || code == UNIMPLEMENTED || code == UNAUTHENTICATED;
}

static enum gateway_outcome
judge_answer(json_t *answer, long status, struct err *err)
{
	if (answer == NULL || !json_is_object(answer)) {
		err_set(err, "status %ld and no JSON object", status);
		return GATEWAY_UNKNOWN;
	}
	if (status == 200)
		return GATEWAY_DONE;
	const char *message = json_string_value(json_object_get(answer, "error"));
	err_set(err, "%s", message ? message : "an error without a message");
	return is_refusal(json_integer_value(json_object_get(answer, "code")))
		       ? GATEWAY_REFUSED
		       : GATEWAY_UNKNOWN;
}

static void
set_request(struct gateway *gateway, const char *path, const char *body, int timeout_ms)
{
	char *url = mem_format("%s%s", gateway->address, path);
	CURL *curl = gateway->curl;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	gateway->unsent = (struct bytes){body, body ? strlen(body) : 0};
	if (body == NULL) {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)gateway->unsent.len);
	}
	buf_clear(&gateway->answer);
	gateway->reason[0] = '\0';
}

enum gateway_outcome
gateway_ask(struct gateway *gateway, const char *path, const char *body, int timeout_ms,
	    json_t **answer, struct err *err)
{
	long status = 0;

	*answer = NULL;
	set_request(gateway, path, body, timeout_ms);
	CURLcode code = curl_easy_perform(gateway->curl);
	if (code != CURLE_OK)
		return judge_transfer(gateway, code, err);
	curl_easy_getinfo(gateway->curl, CURLINFO_RESPONSE_CODE, &status);
	json_t *got =
		json_loadb(buf_text(&gateway->answer), gateway->answer.len, 0, NULL);
	enum gateway_outcome outcome = judge_answer(got, status, err);
	if (outcome == GATEWAY_DONE)
		*answer = got;
	else
		json_decref(got);
	return outcome;
}
