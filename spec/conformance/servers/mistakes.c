// A small mini_serv with the classic mistakes in it: each is there only where it is asked for (cc -DPREFIX_ONCE …), and
// without any of them it is right. The conformance kit has to find each of them, in the one case that is made for it.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

struct buffer { char *bytes; size_t length; };
struct client { int id; struct buffer said, owed; };

static struct client clients[FD_SETSIZE];
static fd_set connected, readable, writable;
static int greatest;
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

static void tell(int fd, const char *bytes, size_t length)
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
	if (clients[fd].owed.length == 0 && select(fd + 1, NULL, &now, NULL, &none) == 1)
		send(fd, bytes, length, MSG_NOSIGNAL);
	else
		append(&clients[fd].owed, bytes, length);
#else
	append(&clients[fd].owed, bytes, length);
#endif
}

static void tell_others(int but, const char *bytes, size_t length)
{
	for (int fd = 0; fd <= greatest; fd++)
		if (fd != but && FD_ISSET(fd, &connected))
			tell(fd, bytes, length);
}

static void notify(int fd, const char *what, int id)
{
	char notice[64];

	tell_others(fd, notice, sprintf(notice, "server: client %d just %s\n", id, what));
}

static void arrive(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0 || fd >= FD_SETSIZE)
		return;
	if (fd > greatest)
		greatest = fd;
#ifdef LOWEST_FREE_ID
	int id = 0;

	for (int other = 0; other <= greatest; other++)
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
	clients[fd].owed.length = 0;
#ifdef TELL_ONESELF
	FD_SET(fd, &connected);
	notify(-1, "arrived", clients[fd].id);
#else
	notify(fd, "arrived", clients[fd].id);
	FD_SET(fd, &connected);
#endif
}

static void leave(int fd)
{
#if defined FLUSH_ON_LEAVE || defined FLUSH_UNENDED_ON_LEAVE
	if (clients[fd].said.length > 0)
	{
		char prefix[32];

		tell_others(fd, prefix, sprintf(prefix, "client %d: ", clients[fd].id));
#ifdef FLUSH_ON_LEAVE
		append(&clients[fd].said, "\n", 1);
#endif
		tell_others(fd, clients[fd].said.bytes, clients[fd].said.length);
	}
#endif
	FD_CLR(fd, &connected);
	notify(fd, "left", clients[fd].id);
#ifndef LEAK_LEFTOVER
	clients[fd].said.length = 0;
#endif
#ifndef LEAK_DESCRIPTORS
	close(fd);
#endif
}

static void say(int fd, const char *lines, size_t length)
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
	tell_others(-1, whole.bytes, whole.length);
#else
	tell_others(fd, whole.bytes, whole.length);
#endif
	free(whole.bytes);
}

static void hear(int fd)
{
	static char bytes[65536];
	struct buffer *said = &clients[fd].said;
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
		leave(fd);
		return;
	}
	append(said, bytes, length);
#ifdef CRASH_ON_LONG_LINES
	if (said->length > 100000)
		abort();
#endif
#ifdef PREFIX_ONCE
	if ((end = memrchr(said->bytes, '\n', said->length)) != NULL)
#else
	while ((end = memchr(said->bytes, '\n', said->length)) != NULL)
#endif
	{
		say(fd, said->bytes, end + 1 - said->bytes);
		drop(said, end + 1 - said->bytes);
	}
}

static void pay(int fd)
{
	struct buffer *owed = &clients[fd].owed;
#if defined BLOCKING_SEND_BEHIND_SELECT || defined BLOCKING_SEND_OF_ALL
	ssize_t sent = send(fd, owed->bytes, owed->length, MSG_NOSIGNAL);
#else
	ssize_t sent = send(fd, owed->bytes, owed->length, MSG_DONTWAIT | MSG_NOSIGNAL);
#endif

#ifdef DISCONNECT_ON_PARTIAL_SEND
	if (sent >= 0 && (size_t)sent < owed->length)
		leave(fd);
#endif
#ifdef THROW_AWAY_THE_REST
	if (sent > 0)
		owed->length = sent;
#endif
	if (sent > 0)
		drop(owed, sent);
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
	greatest = listener;
	for (;;)
	{
		readable = connected;
		FD_SET(listener, &readable);
		FD_ZERO(&writable);
		for (int fd = 0; fd <= greatest; fd++)
			if (FD_ISSET(fd, &connected) && clients[fd].owed.length > 0)
				FD_SET(fd, &writable);
		select(greatest + 1, &readable, &writable, NULL, NULL);
		for (int fd = 0; fd <= greatest; fd++)
		{
			if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &writable))
				pay(fd);
			if (fd == listener && FD_ISSET(fd, &readable))
				arrive(listener);
			else if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &readable))
				hear(fd);
		}
	}
}
