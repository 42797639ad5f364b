/* etcd's client against a gateway of the test's own that answers by script. */
#include "base/clock.h"
#include "base/op.h"
#include "base/vec.h"
#include "systems/base64.h"
#include "systems/etcd_private.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- the gateway ---- */

enum reply {
	REPLY_TEXT = 1, /* the status and text of the step */
	REPLY_HANG_UP,	/* read the request, close the connection */
	REPLY_NEVER,	/* read the request, say nothing */
};

struct step {
	enum reply reply;
	int status;
	const char *text;
};

struct fake {
	int fd, port;
	pthread_t thread;
	const struct step *steps;
	int step_count;
	atomic_int requests;
	char bodies[8][512];
};

/* Reads one request with its body; false when the connection is closed. */
static bool
read_request(int fd, char *body, size_t bytes)
{
	char text[4096];
	size_t got = 0;

	for (;;) {
		ssize_t count = recv(fd, text + got, sizeof(text) - 1 - got, 0);
		if (count <= 0)
			return false;
		got += (size_t)count;
		text[got] = '\0';
		char *end = strstr(text, "\r\n\r\n"),
		     *length = strstr(text, "Content-Length: ");
		if (end == NULL)
			continue;
		size_t wanted = length ? (size_t)atoi(length + 16) : 0;
		if (strlen(end + 4) < wanted)
			continue;
		snprintf(body, bytes, "%s", end + 4);
		return true;
	}
}

static bool
answer(int fd, const struct step *step)
{
	char text[2048];

	if (step->reply == REPLY_NEVER)
		clock_sleep_ms(400);
	if (step->reply != REPLY_TEXT)
		return false;
	int bytes = snprintf(text, sizeof(text),
			     "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
			     "Content-Length: %zu\r\n\r\n%s",
			     step->status, strlen(step->text), step->text);
	return send(fd, text, (size_t)bytes, MSG_NOSIGNAL) == bytes;
}

static void *
serve(void *context)
{
	struct fake *fake = context;
	int fd;

	while ((fd = accept(fake->fd, NULL, NULL)) >= 0) {
		char body[512];
		while (read_request(fd, body, sizeof(body))) {
			int i = atomic_fetch_add(&fake->requests, 1);
			const struct step end = {REPLY_HANG_UP, 0, ""};
			if (i < 8)
				snprintf(fake->bodies[i], sizeof(fake->bodies[i]), "%s",
					 body);
			if (!answer(fd, i < fake->step_count ? &fake->steps[i] : &end))
				break;
		}
		close(fd);
	}
	return NULL;
}

static void
fake_open(struct fake *fake, const struct step *steps, int count)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	*fake = (struct fake){.steps = steps, .step_count = count};
	fake->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(listen(fake->fd, 8), 0);
	assert_int_equal(getsockname(fake->fd, (struct sockaddr *)&address, &bytes), 0);
	fake->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

static void
fake_close(struct fake *fake)
{
	shutdown(fake->fd, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->fd);
}

/* ---- calls ---- */

static struct values values;

static struct call
make_call(enum op_f f, val key, val input)
{
	return (struct call){
		.values = &values, .f = f, .key = key, .input = input, .timeout_ms = 250};
}

static struct call
write_call(int64_t number)
{
	return make_call(F_WRITE, val_small(1), val_small(number));
}

/* One call against a gateway that answers so. */
static struct call
against(const struct step *step, struct call call)
{
	struct fake fake;

	fake_open(&fake, step, 1);
	struct client *client = etcd_client_new("127.0.0.1", fake.port);
	etcd_client_invoke(client, &call);
	etcd_client_close(client);
	fake_close(&fake);
	assert_int_equal(call.error[0] == '\0', call.type == OP_OK);
	return call;
}

static struct call
against_text(int status, const char *text, struct call call)
{
	const struct step step = {REPLY_TEXT, status, text};

	return against(&step, call);
}

/* ---- claims ---- */

static void
write_is_never_sent_twice_when_a_kept_connection_dies(void **state)
{
	static const struct step steps[] = {
		{REPLY_TEXT, 200, "{\"header\":{}}"},
		{REPLY_HANG_UP, 0, ""},
		{REPLY_TEXT, 200, "{\"header\":{}}"},
	};
	struct fake fake;
	struct call first = write_call(1), second = write_call(2);

	(void)state;
	fake_open(&fake, steps, 3);
	struct client *client = etcd_client_new("127.0.0.1", fake.port);
	etcd_client_invoke(client, &first);
	etcd_client_invoke(client, &second);
	etcd_client_close(client);
	fake_close(&fake);
	assert_int_equal(first.type, OP_OK);
	assert_int_equal(second.type, OP_INFO);
	assert_int_equal(atomic_load(&fake.requests), 2);
}

static void
write_without_an_answer_is_info_and_read_fails(void **state)
{
	const struct step never = {REPLY_NEVER, 0, ""}, gone = {REPLY_HANG_UP, 0, ""};
	struct call read = make_call(F_READ, val_small(1), VAL_OF_NIL);

	(void)state;
	assert_int_equal(against(&never, write_call(1)).type, OP_INFO);
	assert_int_equal(against(&gone, write_call(1)).type, OP_INFO);
	assert_int_equal(against(&never, read).type, OP_FAIL);
	assert_int_equal(against(&gone, read).type, OP_FAIL);
}

static void
write_to_a_closed_port_fails_for_certain(void **state)
{
	struct fake fake;
	struct call call = write_call(1);

	(void)state;
	fake_open(&fake, NULL, 0);
	fake_close(&fake);
	struct client *client = etcd_client_new("127.0.0.1", fake.port);
	etcd_client_invoke(client, &call);
	etcd_client_close(client);
	assert_int_equal(call.type, OP_FAIL);
}

static void
errors_of_etcd_fail_only_when_nothing_was_done(void **state)
{
	static const struct {
		int status, code;
		enum op_type type;
	} errors[] = {
		{503, 14, OP_INFO}, {504, 4, OP_INFO},	{500, 2, OP_INFO},
		{500, 13, OP_INFO}, {408, 1, OP_INFO},	{429, 8, OP_FAIL},
		{400, 3, OP_FAIL},  {412, 9, OP_FAIL},	{501, 12, OP_FAIL},
		{401, 16, OP_FAIL}, {400, 11, OP_FAIL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text),
			 "{\"error\":\"etcdserver: x\",\"message\":\"x\",\"code\":%d}",
			 errors[i].code);
		struct call call = against_text(errors[i].status, text, write_call(1));
		assert_int_equal(call.type, errors[i].type);
		assert_string_equal(call.error, "etcdserver: x");
	}
}

static void
garbage_in_answers_is_no_success(void **state)
{
	static const char *const texts[] = {"",		"{",	    "[]",
					    "nonsense", "\xff\xfe", "null"};
	static const char *const odd[] = {"{\"kvs\":[{}]}", "{\"kvs\":[{\"value\":7}]}",
					  "{\"kvs\":[{\"value\":\"!!!!\"}]}",
					  "{\"kvs\":[{\"value\":\"abc\"}]}"};
	struct call read = make_call(F_READ, val_small(1), VAL_OF_NIL);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(against_text(200, texts[i], write_call(1)).type,
				 OP_INFO);
		assert_int_equal(against_text(500, texts[i], read).type, OP_FAIL);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(against_text(200, odd[i], read).type, OP_FAIL);
}

static void
read_gives_number_or_nil(void **state)
{
	struct call read = make_call(F_READ, val_small(1), VAL_OF_NIL);
	struct call found = against_text(
		200, "{\"kvs\":[{\"key\":\"ci8x\",\"value\":\"LTQy\"}]}", read);
	struct call missing = against_text(200, "{\"header\":{}}", read);

	(void)state;
	assert_int_equal(found.type, OP_OK);
	assert_int_equal(val_number(&values, found.output), -42);
	assert_int_equal(missing.type, OP_OK);
	assert_int_equal(val_kind(missing.output), VAL_NIL);
}

static void
set_is_read_as_the_list_of_its_elements(void **state)
{
	struct call read = make_call(F_READ, VAL_OF_NIL, VAL_OF_NIL);
	struct call got = against_text(
		200, "{\"kvs\":[{\"key\":\"cy8x\"},{\"key\":\"cy8xMA==\"}]}", read);
	struct call none = against_text(200, "{}", read);
	struct call odd = against_text(200, "{\"kvs\":[{\"key\":\"ci8x\"}]}", read);

	(void)state;
	assert_int_equal(got.type, OP_OK);
	assert_int_equal(val_count(&values, got.output), 2);
	assert_int_equal(val_number(&values, val_at(&values, got.output, 1)), 10);
	assert_int_equal(val_count(&values, none.output), 0);
	assert_int_equal(odd.type, OP_FAIL);
}

static void
cas_succeeds_only_when_etcd_says_so(void **state)
{
	val input = val_pair(&values, val_small(1), val_small(2));
	struct call cas = make_call(F_CAS, val_small(1), input);

	(void)state;
	assert_int_equal(against_text(200, "{\"succeeded\":true}", cas).type, OP_OK);
	assert_int_equal(against_text(200, "{\"header\":{}}", cas).type, OP_FAIL);
	cas.input = val_small(1);
	assert_int_equal(against_text(200, "{}", cas).type, OP_FAIL);
}

static void
requests_are_what_the_gateway_expects(void **state)
{
	static const struct step ok = {REPLY_TEXT, 200, "{}"};
	const struct step steps[] = {ok, ok, ok, ok};
	val pairs[] = {val_pair(&values, VAL_OF_NIL, val_small(2)),
		       val_pair(&values, val_small(1), val_small(2))};
	struct call calls[] = {write_call(5), make_call(F_CAS, val_small(1), pairs[0]),
			       make_call(F_CAS, val_small(1), pairs[1]),
			       make_call(F_ADD, VAL_OF_NIL, val_small(10))};
	struct fake fake;

	(void)state;
	fake_open(&fake, steps, 4);
	struct client *client = etcd_client_new("127.0.0.1", fake.port);
	for (int i = 0; i < 4; i++)
		etcd_client_invoke(client, &calls[i]);
	etcd_client_close(client);
	fake_close(&fake);
	assert_string_equal(fake.bodies[0], "{\"key\":\"ci8x\",\"value\":\"NQ==\"}");
	assert_string_equal(fake.bodies[1],
			    "{\"compare\":[{\"key\":\"ci8x\",\"target\":\"CREATE\","
			    "\"create_revision\":\"0\",\"result\":\"EQUAL\"}],"
			    "\"success\":[{\"request_put\":"
			    "{\"key\":\"ci8x\",\"value\":\"Mg==\"}}]}");
	assert_non_null(
		strstr(fake.bodies[2], "\"target\":\"VALUE\",\"value\":\"MQ==\","));
	assert_string_equal(fake.bodies[3], "{\"key\":\"cy8xMA==\",\"value\":\"\"}");
}

static void
unknown_function_fails(void **state)
{
	(void)state;
	assert_int_equal(
		against_text(200, "{}", make_call(F_TXN, VAL_OF_NIL, VAL_OF_NIL)).type,
		OP_FAIL);
}

static void
base64_goes_there_and_back(void **state)
{
	static const char *const bad[] = {
		"a", "abc", "ab=c", "a===", "====", "ab c", "abc\n"};

	(void)state;
	for (size_t length = 0; length < 70; length++) {
		struct buf data = {0}, text = {0}, back = {0};
		for (size_t i = 0; i < length; i++)
			buf_char(&data, (char)(i * 37 + length));
		base64_encode(&text, buf_bytes(&data));
		assert_int_equal(text.len, (length + 2) / 3 * 4);
		assert_true(base64_decode(&back, buf_text(&text)));
		assert_int_equal(back.len, length);
		assert_memory_equal(buf_text(&back), buf_text(&data), length);
		buf_release(&data);
		buf_release(&text);
		buf_release(&back);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf back = {0};
		assert_false(base64_decode(&back, bad[i]));
		assert_int_equal(back.len, 0);
		buf_release(&back);
	}
}

/* ---- options ---- */

extern const struct system system_etcd;

static void
options_are_checked_before_anything_starts(void **state)
{
	static const char *const bad[][2] = {
		{"heartbeat=5", "has no option 'heartbeat'"},
		{"port", "has no value"},
		{"port=0", "is not between"},
		{"port=x", "is not a whole number"},
		{"heartbeat-interval=500", "is less than five heartbeat-intervals"},
	};
	struct err err = {0};
	struct cluster good = {.system = &system_etcd};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cluster cluster = {.system = &system_etcd};
		strings_push(&cluster.options, bad[i][0]);
		assert_false(system_etcd.open(&cluster, &err));
		if (strstr(err.text, bad[i][1]) == NULL)
			fail_msg("'%s': '%s'", bad[i][0], err.text);
		strings_release(&cluster.options);
	}
	strings_push(&good.options, "port=1");
	strings_push(&good.options, "port=2479");
	assert_true(system_etcd.open(&good, &err));
	assert_int_equal(((struct etcd *)good.state)->port, 2479);
	assert_int_equal(((struct etcd *)good.state)->peer_port, 2380);
	system_etcd.close(&good);
	strings_push(&good.bugs, "stale-read");
	assert_false(system_etcd.open(&good, &err));
	strings_release(&good.options);
	strings_release(&good.bugs);
}

static int
start(void **state)
{
	(void)state;
	values_init(&values);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	values_release(&values);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_is_never_sent_twice_when_a_kept_connection_dies),
		cmocka_unit_test(write_without_an_answer_is_info_and_read_fails),
		cmocka_unit_test(write_to_a_closed_port_fails_for_certain),
		cmocka_unit_test(errors_of_etcd_fail_only_when_nothing_was_done),
		cmocka_unit_test(garbage_in_answers_is_no_success),
		cmocka_unit_test(read_gives_number_or_nil),
		cmocka_unit_test(set_is_read_as_the_list_of_its_elements),
		cmocka_unit_test(cas_succeeds_only_when_etcd_says_so),
		cmocka_unit_test(requests_are_what_the_gateway_expects),
		cmocka_unit_test(unknown_function_fails),
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(options_are_checked_before_anything_starts),
	};
	return cmocka_run_group_tests_name("etcd client", tests, start, stop);
}
