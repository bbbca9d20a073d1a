/* One process sends 1 MiB to another over loopback, 16 KiB a send, and is told when all has
   arrived; as often as the argument says. Prints how long one took, in microseconds. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WHOLE = 1 << 20, PIECE = 16 << 10 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int count, char **arguments)
{
    static char piece[PIECE];
    int times = count > 1 ? atoi(arguments[1]) : 1, on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0
        || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return 1;
    if (fork() == 0) {
        int connection = accept(listener, NULL, NULL);
        ssize_t more, got = 0;
        while ((more = recv(connection, piece, PIECE, 0)) > 0) {
            got += more;
            if (got == WHOLE) {
                got = 0;
                if (send(connection, "", 1, 0) != 1)
                    return 1;
            }
        }
        return 0;
    }
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, size) < 0)
        return 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    double begun = now();
    for (int n = 0; n < times; n++) {
        for (int sent = 0; sent < WHOLE; sent += PIECE)
            if (send(connection, piece, PIECE, 0) != PIECE)
                return 1;
        if (recv(connection, piece, 1, 0) != 1)
            return 1;
    }
    double took = now() - begun;
    close(connection);
    wait(NULL);
    printf("%f\n", took / times);
    return 0;
}
