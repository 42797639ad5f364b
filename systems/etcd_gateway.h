/* etcd_gateway.h - one connection to the JSON gateway of one etcd node, over libcurl.
 *
 * Used by one thread. Keeps its connection alive. A request is never sent twice: libcurl
 * by itself repeats a request when a kept connection turns out to be dead, and etcd may
 * have run it; here such a request ends as unknown. */
#ifndef SYSTEMS_ETCD_GATEWAY_H
#define SYSTEMS_ETCD_GATEWAY_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

struct gateway;

enum gateway_outcome {
	GATEWAY_DONE = 1, /* answered as asked */
	GATEWAY_REFUSED,  /* for certain not done */
	GATEWAY_UNKNOWN,  /* done or not: nobody knows */
};

struct gateway *gateway_new(const char *address, int port);
void gateway_free(struct gateway *gateway);

/* Sends a body (NULL: a GET) to the path. With GATEWAY_DONE the caller owns *answer; else
 * *answer is NULL and the error says why. */
enum gateway_outcome gateway_ask(struct gateway *gateway, const char *path,
				 const char *body, int timeout_ms, json_t **answer,
				 struct err *err);

#endif
