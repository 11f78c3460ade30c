// 42's mini_serv in the style of the exam: one select loop, one send for each line, only the functions that the subject
// allows. Bytes that cannot be sent yet wait in the client's own buffer.
//
// Public domain.
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
	size_t	capacity;
	size_t	done;
}	t_buffer;

typedef struct s_client
{
	int			id;
	t_buffer	input;  // an incomplete line, of which `done` bytes were searched for a newline
	t_buffer	output; // bytes to send, of which `done` have been sent
}	t_client;

t_client	clients[FD_SETSIZE];
fd_set		connected, readable, writable;
int			max_fd = 0, next_id = 0;

void	fatal(void)
{
	write(2, "Fatal error\n", 12);
	exit(1);
}

void	append(t_buffer *buffer, const char *bytes, size_t length)
{
	if (buffer->length + length > buffer->capacity)
	{
		buffer->capacity = (buffer->length + length) * 2;
		buffer->bytes = realloc(buffer->bytes, buffer->capacity);
		if (!buffer->bytes)
			fatal();
	}
	for (size_t i = 0; i < length; i++)
		buffer->bytes[buffer->length++] = bytes[i];
}

void	free_buffer(t_buffer *buffer)
{
	free(buffer->bytes);
	bzero(buffer, sizeof(*buffer));
}

// Removes the bytes before `from`.
void	drop_until(t_buffer *buffer, size_t from)
{
	for (size_t i = from; i < buffer->length; i++)
		buffer->bytes[i - from] = buffer->bytes[i];
	buffer->length -= from;
}

void	send_or_queue(int fd, const char *bytes, size_t length)
{
	t_buffer	*output = &clients[fd].output;
	ssize_t		sent = 0;

	if (output->length == 0)
		sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		sent = 0; // the buffer is full, or the client has left, which recv will report
	append(output, bytes + sent, length - sent);
}

void	send_to_others(int except, const char *bytes, size_t length)
{
	for (int fd = 0; fd <= max_fd; fd++)
		if (fd != except && FD_ISSET(fd, &connected))
			send_or_queue(fd, bytes, length);
}

void	send_queued(int fd)
{
	t_buffer	*output = &clients[fd].output;
	ssize_t		sent;

	sent = send(fd, output->bytes + output->done, output->length - output->done, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		output->done += sent;
	if (output->done == output->length)
		free_buffer(output);
}

void	accept_client(int listener)
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
	send_to_others(fd, notice, strlen(notice));
	FD_SET(fd, &connected);
	if (fd > max_fd)
		max_fd = fd;
}

void	remove_client(int fd)
{
	char	notice[64];

	FD_CLR(fd, &connected);
	sprintf(notice, "server: client %d just left\n", clients[fd].id);
	send_to_others(fd, notice, strlen(notice));
	free_buffer(&clients[fd].input);
	free_buffer(&clients[fd].output);
	close(fd);
}

// Joins "client %d: " and the line, so that one send is enough.
void	relay_line(int fd, const char *line, size_t length)
{
	char		prefix[32];
	t_buffer	tagged;

	bzero(&tagged, sizeof(tagged));
	sprintf(prefix, "client %d: ", clients[fd].id);
	append(&tagged, prefix, strlen(prefix));
	append(&tagged, line, length);
	send_to_others(fd, tagged.bytes, tagged.length);
	free_buffer(&tagged);
}

void	read_client(int fd)
{
	static char	bytes[65536];
	t_buffer	*input = &clients[fd].input;
	size_t		start = 0;
	ssize_t		length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length <= 0)
	{
		remove_client(fd);
		return ;
	}
	append(input, bytes, length);
	for (; input->done < input->length; input->done++)
	{
		if (input->bytes[input->done] == '\n')
		{
			relay_line(fd, input->bytes + start, input->done + 1 - start);
			start = input->done + 1;
		}
	}
	if (start > 0)
		drop_until(input, start);
	input->done = input->length;
	if (input->length == 0)
		free_buffer(input);
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
		|| listen(listener, 4096) < 0)
		fatal();
	max_fd = listener;
	while (1)
	{
		readable = connected;
		FD_SET(listener, &readable);
		FD_ZERO(&writable);
		for (int fd = 0; fd <= max_fd; fd++)
			if (FD_ISSET(fd, &connected) && clients[fd].output.length > 0)
				FD_SET(fd, &writable);
		if (select(max_fd + 1, &readable, &writable, 0, 0) < 0)
			continue ;
		for (int fd = 0; fd <= max_fd; fd++)
		{
			if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &writable))
				send_queued(fd);
			if (fd == listener && FD_ISSET(fd, &readable))
				accept_client(listener);
			else if (FD_ISSET(fd, &connected) && FD_ISSET(fd, &readable))
				read_client(fd);
		}
	}
}
