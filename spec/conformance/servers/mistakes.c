// A correct mini_serv. Each macro, as in cc -DPREFIX_ONCE, adds one classic mistake, which the conformance kit has to
// find in exactly one case, except for SEND_TO_LISTENER, which fails them all.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

struct buffer { char *bytes; size_t length; };
struct client { int id; struct buffer received, pending; };

static struct client clients[FD_SETSIZE];
static fd_set connected, readable, writable;
static int highest_fd;
#ifndef LOWEST_FREE_ID
static int next_id;
#endif

static void append(struct buffer *buffer, const char *bytes, size_t length)
{
	buffer->bytes = realloc(buffer->bytes, buffer->length + length + 1);
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

static void drop(struct buffer *buffer, size_t length)
{
	buffer->length -= length;
	memmove(buffer->bytes, buffer->bytes + length, buffer->length);
}

static void queue(int fd, const char *bytes, size_t length)
{
#if defined BLOCKING_SEND
	send(fd, bytes, length, MSG_NOSIGNAL);
#elif defined DROP_WHEN_FULL
	fd_set now;
	struct timeval none = {0, 0};

	FD_ZERO(&now);
	FD_SET(fd, &now);
	if (select(fd + 1, NULL, &now, NULL, &none) == 1)
		send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
#elif defined BLOCKING_SEND_BEHIND_SELECT
	fd_set now;
	struct timeval none = {0, 0};

	FD_ZERO(&now);
	FD_SET(fd, &now);
	if (clients[fd].pending.length == 0 && select(fd + 1, NULL, &now, NULL, &none) == 1)
		send(fd, bytes, length, MSG_NOSIGNAL);
	else
		append(&clients[fd].pending, bytes, length);
#else
	append(&clients[fd].pending, bytes, length);
#endif
}

static void send_to_others(int except, const char *bytes, size_t length)
{
#ifdef SEND_TO_LISTENER
	send(3, bytes, length, 0);
#endif
	for (int fd = 0; fd <= highest_fd; fd++)
		if (fd != except && FD_ISSET(fd, &connected))
			queue(fd, bytes, length);
}

static void notify(int fd, const char *what, int id)
{
	char notice[64];

	send_to_others(fd, notice, sprintf(notice, "server: client %d just %s\n", id, what));
}

static void accept_client(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0 || fd >= FD_SETSIZE)
		return;
	if (fd > highest_fd)
		highest_fd = fd;
#ifdef LOWEST_FREE_ID
	int id = 0;

	for (int other = 0; other <= highest_fd; other++)
		if (FD_ISSET(other, &connected) && clients[other].id == id)
		{
			id++;
			other = -1;
		}
	clients[fd].id = id;
#elif defined FIRST_IS_ONE
	clients[fd].id = ++next_id;
#else
	clients[fd].id = next_id++;
#endif
	clients[fd].pending.length = 0;
#ifdef TELL_ONESELF
	FD_SET(fd, &connected);
	notify(-1, "arrived", clients[fd].id);
#else
	notify(fd, "arrived", clients[fd].id);
	FD_SET(fd, &connected);
#endif
}

static void remove_client(int fd)
{
#if defined FLUSH_ON_LEAVE || defined FLUSH_UNENDED_ON_LEAVE
	if (clients[fd].received.length > 0)
	{
		char prefix[32];

		send_to_others(fd, prefix, sprintf(prefix, "client %d: ", clients[fd].id));
#ifdef FLUSH_ON_LEAVE
		append(&clients[fd].received, "\n", 1);
#endif
		send_to_others(fd, clients[fd].received.bytes, clients[fd].received.length);
	}
#endif
	FD_CLR(fd, &connected);
	notify(fd, "left", clients[fd].id);
#ifndef LEAK_LEFTOVER
	clients[fd].received.length = 0;
#endif
#ifndef LEAK_DESCRIPTORS
	close(fd);
#endif
}

static void relay_lines(int fd, const char *lines, size_t length)
{
	struct buffer whole = {NULL, 0};
	char prefix[32];

#ifdef SKIP_EMPTY_LINES
	if (length == 1)
		return;
#endif
	append(&whole, prefix, sprintf(prefix, "client %d: ", clients[fd].id));
	append(&whole, lines, length);
#ifdef TO_ONESELF
	send_to_others(-1, whole.bytes, whole.length);
#else
	send_to_others(fd, whole.bytes, whole.length);
#endif
	free(whole.bytes);
}

static void receive(int fd)
{
	static char bytes[65536];
	struct buffer *received = &clients[fd].received;
	ssize_t length = recv(fd, bytes, sizeof(bytes), 0);
	char *end;

#ifdef NO_LEFT_AFTER_RST
	if (length < 0)
	{
		FD_CLR(fd, &connected);
		close(fd);
		return;
	}
#endif
	if (length <= 0)
	{
		remove_client(fd);
		return;
	}
	append(received, bytes, length);
#ifdef CRASH_ON_LONG_LINES
	if (received->length > 100000)
		abort();
#endif
#ifdef PREFIX_ONCE
	if ((end = memrchr(received->bytes, '\n', received->length)) != NULL)
#else
	while ((end = memchr(received->bytes, '\n', received->length)) != NULL)
#endif
	{
		relay_lines(fd, received->bytes, end + 1 - received->bytes);
		drop(received, end + 1 - received->bytes);
	}
}

static void send_pending(int fd)
{
	struct buffer *pending = &clients[fd].pending;
#if defined BLOCKING_SEND_BEHIND_SELECT || defined BLOCKING_SEND_OF_ALL
	ssize_t sent = send(fd, pending->bytes, pending->length, MSG_NOSIGNAL);
#else
	ssize_t sent = send(fd, pending->bytes, pending->length, MSG_DONTWAIT | MSG_NOSIGNAL);
#endif

#ifdef DISCONNECT_ON_PARTIAL_SEND
	if (sent >= 0 && (size_t)sent < pending->length)
		remove_client(fd);
#endif
#ifdef THROW_AWAY_THE_REST
	if (sent > 0)
		pending->length = sent;
#endif
	if (sent > 0)
		drop(pending, sent);
}

static int fail(const char *why)
{
	write(2, why, strlen(why));
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM, 0);

#ifdef WRONG_WORDS
	if (argc != 2)
		return fail("Wrong number of arguments !\n");
#else
	if (argc != 2)
		return fail("Wrong number of arguments\n");
#endif
#ifdef ANY_ADDRESS
	address.sin_addr.s_addr = htonl(INADDR_ANY);
#else
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
#endif
	address.sin_port = htons(atoi(argv[1]));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 128) < 0)
		return fail("Fatal error\n");
	highest_fd = listener;
	for (;;)
	{
		readable = connected;
		FD_SET(listener, &readable);
		FD_ZERO(&writable);
		for (int fd = 0; fd <= highest_fd; fd++)
			if (FD_ISSET(fd, &connected) && clients[fd].pending.length > 0)
				FD_SET(fd, &writable);
		select(highest_fd + 1, &readable, &writable, NULL, NULL);
		for (int fd = 0; fd <= highest_fd; fd++)
		{
			if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &writable))
				send_pending(fd);
			if (fd == listener && FD_ISSET(fd, &readable))
				accept_client(listener);
			else if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &readable))
				receive(fd);
		}
	}
}
