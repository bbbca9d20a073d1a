/* Talks with itself over a loopback connection of the kind that its argument names, by
 * every call that moves bytes, and says what each of them passed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *end, const char *call, const void *bytes, ssize_t n) {
    if (n < 0) {
        perror(call);
        exit(1);
    }
    pthread_mutex_lock(&lock);
    printf("%s %s ", end, call);
    for (ssize_t i = 0; i < n; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    printf("\n");
    pthread_mutex_unlock(&lock);
}

static int must(int result) {
    if (result < 0) {
        perror("call");
        exit(1);
    }
    return result;
}

static int family = AF_INET;

static void *serve(void *argument) {
    int listener = *(int *)argument;
    int fd = must(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    int queue = must(epoll_create1(0));
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLET};
    must(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted));
    for (int over = 0; !over;) {
        struct epoll_event event;
        must(epoll_wait(queue, &event, 1, -1));
        for (;;) {
            char bytes[7];
            ssize_t n = read(fd, bytes, sizeof bytes);
            if (n < 0 && errno == EAGAIN)
                break;
            say("acceptor", "recv", bytes, n);
            if (n == 0) {
                over = 1;
                break;
            }
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            must(poll(&ready, 1, -1));
            ssize_t sent = write(fd, bytes, n);
            say("acceptor", "send", bytes, sent);
        }
    }
    close(queue);
    close(fd);
    return NULL;
}

/* Reads as many bytes as were sent, with another call each time. */
static void take(int fd, size_t wanted) {
    static int turn;
    while (wanted > 0) {
        char bytes[64], rest[64];
        struct iovec parts[2] = {{bytes, 3}, {rest, 61}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        struct mmsghdr many = {.msg_hdr = message};
        char seen[4];
        ssize_t n;
        switch (turn++ % 5) {
        case 0:
            must(recv(fd, seen, 1, MSG_PEEK));
            n = recv(fd, bytes, wanted < 2 ? wanted : 2, MSG_WAITALL);
            say("opener", "recv", bytes, n);
            wanted -= n;
            continue;
        case 1:
            n = read(fd, bytes, sizeof bytes);
            say("opener", "recv", bytes, n);
            wanted -= n;
            continue;
        case 2:
            n = readv(fd, parts, 2);
            break;
        case 3:
            n = recvmsg(fd, &message, 0);
            break;
        default:
            must(recvmmsg(fd, &many, 1, 0, NULL));
            n = many.msg_len;
        }
        char both[64];
        memcpy(both, bytes, n < 3 ? n : 3);
        if (n > 3)
            memcpy(both + 3, rest, n - 3);
        say("opener", "recv", both, n);
        wanted -= n;
    }
}

static void *speak(void *argument) {
    int fd = *(int *)argument;
    struct iovec parts[3] = {{"hea", 3}, {"", 0}, {"der", 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    struct mmsghdr many[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
    ssize_t n = write(fd, "write", 5);
    say("opener", "send", "write", n);
    take(fd, n);
    n = send(fd, "send", 4, MSG_NOSIGNAL);
    say("opener", "send", "send", n);
    take(fd, n);
    n = writev(fd, parts, 3);
    say("opener", "send", "header", n);
    take(fd, n);
    n = pwritev2(fd, parts, 3, -1, 0);
    say("opener", "send", "header", n);
    take(fd, n);
    n = sendmsg(fd, &message, 0);
    say("opener", "send", "header", n);
    take(fd, n);
    int sent = must(sendmmsg(fd, many, 2, 0));
    size_t all = 0;
    for (int i = 0; i < sent; i++) {
        say("opener", "send", "header", many[i].msg_len);
        all += many[i].msg_len;
    }
    take(fd, all);
    FILE *file = tmpfile();
    fputs("0123456789", file);
    fflush(file);
    off_t from = 2;
    n = sendfile(fd, fileno(file), &from, 5);
    say("opener", "send", "23456", n);
    take(fd, n);
    must(lseek(fileno(file), 7, SEEK_SET));
    n = sendfile(fd, fileno(file), NULL, 100);
    say("opener", "send", "789", n);
    take(fd, n);
    /* Through another number, and through the child of a fork. */
    int other = must(fcntl(fd, F_DUPFD_CLOEXEC, 50));
    close(fd);
    n = write(other, "dup", 3);
    say("opener", "send", "dup", n);
    take(other, n);
    must(dup2(other, fd));
    close(other);
    must(shutdown(fd, SHUT_WR));
    char last[8];
    n = recv(fd, last, sizeof last, 0);
    say("opener", "recv", last, n);
    close(fd);
    return NULL;
}

int main(int count, char **arguments) {
    const char *kind = count > 1 ? arguments[1] : "tcp";
    if (strcmp(kind, "tcp6") == 0)
        family = AF_INET6;
    if (strcmp(kind, "unix") == 0)
        family = AF_UNIX;
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        length = sizeof *in;
    } else if (family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address;
        in->sin6_family = AF_INET6;
        in->sin6_addr = in6addr_loopback;
        length = sizeof *in;
    } else {
        struct sockaddr_un *un = (struct sockaddr_un *)&address;
        un->sun_family = AF_UNIX;
        strncpy(un->sun_path, arguments[2], sizeof un->sun_path - 1);
        length = sizeof *un;
    }
    int listener = must(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    must(bind(listener, (struct sockaddr *)&address, length));
    must(listen(listener, 5));
    if (family != AF_UNIX)
        must(getsockname(listener, (struct sockaddr *)&address, &length));
    int flags = family == AF_UNIX ? 0 : SOCK_NONBLOCK;
    int fd = must(socket(family, SOCK_STREAM | flags, 0));
    if (connect(fd, (struct sockaddr *)&address, length) < 0) {
        if (errno != EINPROGRESS)
            must(-1);
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        must(poll(&ready, 1, -1));
        int error = 0;
        socklen_t size = sizeof error;
        must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
        if (error)
            exit(1);
    }
    must(fcntl(fd, F_SETFL, 0));
    pthread_t server, client;
    pthread_create(&server, NULL, serve, &listener);
    pthread_create(&client, NULL, speak, &fd);
    pthread_join(client, NULL);
    pthread_join(server, NULL);
    return 3;
}
