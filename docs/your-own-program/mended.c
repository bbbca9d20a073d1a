/* The chat without the bug: a string ends at its zero byte, wherever a recv() ends. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void serve(int connection)
{
    static char pending[65536];
    size_t length = 0;
    ssize_t more;
    while ((more = recv(connection, pending + length, sizeof pending - length, 0)) > 0) {
        char *start = pending, *end;
        length += more;
        while ((end = memchr(start, 0, length))) {
            printf("message: %s\n", start);
            usleep(100000); /* Stores it. */
            length -= end + 1 - start;
            start = end + 1;
        }
        memmove(pending, start, length);
        if (length == sizeof pending) {
            fprintf(stderr, "a string of more than %zu bytes\n", length);
            exit(1);
        }
    }
    if (length > 0) {
        fprintf(stderr, "the connection ended inside a string\n");
        exit(1);
    }
}

static void talk(int connection, char **texts)
{
    for (int n = 0; texts[n]; n++) {
        send(connection, texts[n], strlen(texts[n]) + 1, 0);
        if (n == 0)
            usleep(30000); /* The others come while the server is storing. */
    }
}

int main(int count, char **arguments)
{
    char *three[] = {"hello", "anybody?", "bye", NULL};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0
        || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        perror("127.0.0.1");
        return 1;
    }
    if (fork() == 0) {
        int connection = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(connection, (struct sockaddr *)&address, size) < 0) {
            perror("connect");
            return 1;
        }
        talk(connection, count > 1 ? arguments + 1 : three);
        return 0;
    }
    serve(accept(listener, NULL, NULL));
    return 0;
}
