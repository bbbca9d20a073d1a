/* A chat with a bug: the server takes what one recv() returns for one string. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void serve(int connection)
{
    static char text[4096]; /* Its last byte stays 0. */
    while (recv(connection, text, sizeof text - 1, 0) > 0) {
        printf("message: %s\n", text);
        usleep(100000); /* Stores it. */
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
