/* Two processes send 64 bytes to and fro over loopback. Prints how long a round trip took,
   in microseconds. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, WARM = 100 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

/* False at the end of the stream. */
static int take(int connection)
{
    char message[SIZE];
    for (size_t got = 0; got < SIZE;) {
        ssize_t more = recv(connection, message + got, SIZE - got, 0);
        if (more <= 0)
            return 0;
        got += more;
    }
    return 1;
}

static void give(int connection)
{
    static const char message[SIZE];
    if (send(connection, message, SIZE, 0) != SIZE)
        exit(1);
}

static void trip(int connection)
{
    give(connection);
    if (!take(connection))
        exit(1);
}

int main(int count, char **arguments)
{
    int trips = count > 1 ? atoi(arguments[1]) : 1000, on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0
        || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return 1;
    if (fork() == 0) {
        int connection = accept(listener, NULL, NULL);
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        while (take(connection))
            give(connection);
        return 0;
    }
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, size) < 0)
        return 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (int n = 0; n < WARM; n++)
        trip(connection);
    double begun = now();
    for (int n = 0; n < trips; n++)
        trip(connection);
    double took = now() - begun;
    close(connection);
    wait(NULL);
    printf("%f\n", took / trips);
    return 0;
}
