#include "node_cluster.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CALL_MS = 4000,
	WORDS_MAX = 16
};

/* Ports that nobody uses now, all held open until all are found. */
static bool
find_ports(int *ports, int count)
{
	int sockets[2 * NODE_CLUSTER_MAX];
	bool ok = true;

	for (int i = 0; i < count; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t length = sizeof(address);
		sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ok = ok && bind(sockets[i], (struct sockaddr *)&address, length) == 0 &&
		     getsockname(sockets[i], (struct sockaddr *)&address, &length) == 0;
		ports[i] = ntohs(address.sin_port);
	}
	for (int i = 0; i < count; i++)
		close(sockets[i]);
	return ok;
}

/* BUILD/tests/reference/test_x -> BUILD/faultline-node */
static bool
find_program(char *program, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", program, bytes - 1);

	program[length > 0 ? length : 0] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(program, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	strncat(program, "/faultline-node", bytes - strlen(program) - 1);
	return access(program, X_OK) == 0;
}

bool
node_cluster_open(struct node_cluster *cluster, int count)
{
	int ports[2 * NODE_CLUSTER_MAX];

	*cluster = (struct node_cluster){.count = count};
	snprintf(cluster->folder, sizeof(cluster->folder), "/tmp/faultline-nodes-XXXXXX");
	if (!find_program(cluster->program, sizeof(cluster->program)) ||
	    !find_ports(ports, 2 * count) || mkdtemp(cluster->folder) == NULL)
		return false;
	for (int i = 0; i < count; i++) {
		cluster->ports[i] = ports[i];
		cluster->peer_ports[i] = ports[count + i];
		cluster->clients[i] = kv_client_new("127.0.0.1", ports[i]);
	}
	return true;
}

void
node_cluster_close(struct node_cluster *cluster)
{
	struct err err;

	for (int i = 0; i < cluster->count; i++) {
		if (cluster->pids[i] != 0)
			node_cluster_signal(cluster, i, SIGKILL);
		kv_client_close(cluster->clients[i]);
	}
	file_remove_tree(cluster->folder, &err);
}

static void
exec_node(const struct node_cluster *cluster, int node, pid_t parent)
{
	const char *argv[32] = {cluster->program};
	struct buf peers = {0};
	int argc = 1;
	char *log = mem_format("%s/log%d", cluster->folder, node);

	for (int i = 0; i < cluster->count; i++)
		buf_printf(&peers, "%d=127.0.0.1:%d,", i + 1, cluster->peer_ports[i]);
	argv[argc++] = mem_format("--id=%d", node + 1);
	argv[argc++] = mem_format("--listen=127.0.0.1:%d", cluster->ports[node]);
	argv[argc++] = mem_format("--peers=%s", buf_text(&peers));
	argv[argc++] = mem_format("--data=%s/data%d", cluster->folder, node);
	for (int i = 0; cluster->flags[i] != NULL; i++)
		argv[argc++] = cluster->flags[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (getppid() == parent && fd >= 0 && dup2(fd, 1) >= 0 && dup2(fd, 2) >= 0)
		execv(cluster->program, (char *const *)argv);
	_exit(127);
}

void
node_cluster_start(struct node_cluster *cluster, int node)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		exec_node(cluster, node, parent);
	cluster->pids[node] = pid;
}

int
node_cluster_signal(struct node_cluster *cluster, int node, int signal)
{
	int status = 0;

	kill(cluster->pids[node], signal);
	if (signal == SIGSTOP || signal == SIGCONT)
		return 0;
	while (waitpid(cluster->pids[node], &status, 0) < 0 && errno == EINTR)
		continue;
	cluster->pids[node] = 0;
	return status;
}

/* The node that all running ones call leader, and that does so itself; else -1. */
static int
agreed_leader(struct node_cluster *cluster)
{
	int64_t leader = -1, term = -1;

	for (int i = 0; i < cluster->count; i++) {
		struct buf info = {0};
		struct err err;
		if (cluster->pids[i] == 0)
			continue;
		kv_info(cluster->clients[i], CALL_MS, &info, &err);
		int64_t said = kv_info_number(buf_text(&info), "leader");
		int64_t said_term = kv_info_number(buf_text(&info), "term");
		buf_release(&info);
		if (said <= 0 || (leader >= 0 && (said != leader || said_term != term)))
			return -1;
		leader = said;
		term = said_term;
	}
	return leader > 0 && cluster->pids[leader - 1] != 0 ? (int)leader - 1 : -1;
}

int
node_cluster_await_leader(struct node_cluster *cluster, int timeout_ms)
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;
	int leader;

	while ((leader = agreed_leader(cluster)) < 0 && clock_left_ms(deadline) > 0)
		clock_sleep_ms(20);
	return leader;
}

static void
print_reply(const redisReply *reply, struct buf *text)
{
	if (reply->type == REDIS_REPLY_INTEGER)
		buf_printf(text, "%lld", reply->integer);
	else if (reply->type == REDIS_REPLY_NIL)
		buf_string(text, "nil");
	else if (reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < reply->elements; i++)
			buf_printf(text, "%s%s", i ? " " : "", reply->element[i]->str);
	else
		buf_append(text, reply->str, (size_t)reply->len);
}

enum kv_outcome
node_cluster_run(struct node_cluster *cluster, int node, const char *words,
		 struct buf *reply)
{
	struct bytes argv[WORDS_MAX];
	size_t argc = 0;
	char *line = mem_string(words), *rest = line, *word;
	const redisReply *answer;
	struct err err;

	while (argc < WORDS_MAX && (word = strsep(&rest, " ")) != NULL)
		argv[argc++] = (struct bytes){word, strlen(word)};
	enum kv_outcome outcome =
		kv_call(cluster->clients[node], argv, argc, true, CALL_MS, &answer, &err);
	buf_clear(reply);
	if (outcome == KV_OK)
		print_reply(answer, reply);
	else
		buf_string(reply, err.text);
	free(line);
	return outcome;
}

void
node_cluster_log(struct node_cluster *cluster, int node, struct buf *text)
{
	char *path = mem_format("%s/log%d", cluster->folder, node);
	struct err err;

	file_read(path, 0, text, &err);
	free(path);
}
