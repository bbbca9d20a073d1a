/* A client, and its server beside it. Says whether a byte came back, and has a handler for
   SIGUSR1.
   Wrong: a connect() that was interrupted is taken for a failure, while it goes on. */
#include "server.h"

static void on_signal(int signal) { (void)signal; }

/* Waits until a connection is there that goes on: 0, or -1 if it failed. */
static int await_connection(int conn) {
  struct pollfd ready = {.fd = conn, .events = POLLOUT};
  while (poll(&ready, 1, -1) < 0) continue;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(conn, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? 0 : -1;
}

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  int server = listening();
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(server, (struct sockaddr *)&address, &length);
  int conn = socket(AF_INET, SOCK_STREAM, 0);
  int done = connect(conn, (struct sockaddr *)&address, sizeof address);
  if (done < 0 && errno == EINTR && mended) done = await_connection(conn);
  if (done < 0) {
    perror("connect");
    return 1;
  }
  int other = accept(server, NULL, NULL);
  char byte = '!';
  if (write(conn, &byte, 1) != 1 || read(other, &byte, 1) != 1) return 1;
  printf("a byte came: %c\n", byte);
}
