// 42's mini_serv as one hands it in at the exam: one select loop, one send for each line, only the functions that the
// subject allows. What cannot be sent at the moment waits in its client's own buffer. Public domain.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct s_buffer
{
	char	*bytes;
	size_t	length;
	size_t	room;
	size_t	done;
}	t_buffer;

typedef struct s_client
{
	int			id;
	t_buffer	said; // what has no newline yet, of which `done` bytes were searched for one
	t_buffer	owed; // what could not be sent yet, of which `done` bytes have been sent
}	t_client;

t_client	clients[FD_SETSIZE];
fd_set		connected, readable, writable;
int			greatest = 0, next_id = 0;

void	fatal(void)
{
	write(2, "Fatal error\n", 12);
	exit(1);
}

void	append(t_buffer *buffer, const char *bytes, size_t length)
{
	if (buffer->length + length > buffer->room)
	{
		buffer->room = (buffer->length + length) * 2;
		buffer->bytes = realloc(buffer->bytes, buffer->room);
		if (!buffer->bytes)
			fatal();
	}
	for (size_t i = 0; i < length; i++)
		buffer->bytes[buffer->length++] = bytes[i];
}

void	empty(t_buffer *buffer)
{
	free(buffer->bytes);
	bzero(buffer, sizeof(*buffer));
}

// Takes away what stands before `from`.
void	drop(t_buffer *buffer, size_t from)
{
	for (size_t i = from; i < buffer->length; i++)
		buffer->bytes[i - from] = buffer->bytes[i];
	buffer->length -= from;
}

void	tell(int fd, const char *bytes, size_t length)
{
	t_buffer	*owed = &clients[fd].owed;
	ssize_t		sent = 0;

	if (owed->length == 0)
		sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		sent = 0; // it can take nothing; or it is gone, which recv will tell
	append(owed, bytes + sent, length - sent);
}

void	tell_others(int but, const char *bytes, size_t length)
{
	for (int fd = 0; fd <= greatest; fd++)
		if (fd != but && FD_ISSET(fd, &connected))
			tell(fd, bytes, length);
}

void	pay(int fd)
{
	t_buffer	*owed = &clients[fd].owed;
	ssize_t		sent;

	sent = send(fd, owed->bytes + owed->done, owed->length - owed->done, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		owed->done += sent;
	if (owed->done == owed->length)
		empty(owed);
}

void	arrive(int listener)
{
	char	notice[64];
	int		fd = accept(listener, 0, 0);

	if (fd < 0)
		return ;
	if (fd >= FD_SETSIZE)
	{
		close(fd);
		return ;
	}
	bzero(&clients[fd], sizeof(clients[fd]));
	clients[fd].id = next_id++;
	sprintf(notice, "server: client %d just arrived\n", clients[fd].id);
	tell_others(fd, notice, strlen(notice));
	FD_SET(fd, &connected);
	if (fd > greatest)
		greatest = fd;
}

void	leave(int fd)
{
	char	notice[64];

	FD_CLR(fd, &connected);
	sprintf(notice, "server: client %d just left\n", clients[fd].id);
	tell_others(fd, notice, strlen(notice));
	empty(&clients[fd].said);
	empty(&clients[fd].owed);
	close(fd);
}

// "client %d: " and the line, put together so that one send is enough.
void	say(int fd, const char *line, size_t length)
{
	char		prefix[32];
	t_buffer	whole;

	bzero(&whole, sizeof(whole));
	sprintf(prefix, "client %d: ", clients[fd].id);
	append(&whole, prefix, strlen(prefix));
	append(&whole, line, length);
	tell_others(fd, whole.bytes, whole.length);
	empty(&whole);
}

void	hear(int fd)
{
	static char	bytes[65536];
	t_buffer	*said = &clients[fd].said;
	size_t		start = 0;
	ssize_t		length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length <= 0)
	{
		leave(fd);
		return ;
	}
	append(said, bytes, length);
	for (; said->done < said->length; said->done++)
	{
		if (said->bytes[said->done] == '\n')
		{
			say(fd, said->bytes + start, said->done + 1 - start);
			start = said->done + 1;
		}
	}
	if (start > 0)
		drop(said, start);
	said->done = said->length;
	if (said->length == 0)
		empty(said);
}

int	main(int argc, char **argv)
{
	struct sockaddr_in	address;
	int					listener;

	if (argc != 2)
	{
		write(2, "Wrong number of arguments\n", 26);
		exit(1);
	}
	bzero(&address, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(2130706433); // 127.0.0.1
	address.sin_port = htons(atoi(argv[1]));
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0
		|| listen(listener, 128) < 0)
		fatal();
	greatest = listener;
	while (1)
	{
		readable = connected;
		FD_SET(listener, &readable);
		FD_ZERO(&writable);
		for (int fd = 0; fd <= greatest; fd++)
			if (FD_ISSET(fd, &connected) && clients[fd].owed.length > 0)
				FD_SET(fd, &writable);
		if (select(greatest + 1, &readable, &writable, 0, 0) < 0)
			continue ;
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
