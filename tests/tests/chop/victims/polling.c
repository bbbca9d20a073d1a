/* Echoes one byte of each connection that poll() has announced, and has a handler for SIGALRM.
   Wrong: a poll() that was interrupted is taken for a failure. */
#include "server.h"

static void on_signal(int signal) { (void)signal; }

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  /* SA_RESTART has poll() go on as little as no flag. */
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  int server = listening();
  for (;;) {
    struct pollfd ready = {.fd = server, .events = POLLIN};
    int count = poll(&ready, 1, -1);
    if (count < 0 && errno == EINTR && mended) continue;
    if (count < 0) {
      perror("poll");
      return 1;
    }
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    char byte;
    if (read(conn, &byte, 1) == 1 && write(conn, &byte, 1) != 1) perror("write");
    close(conn);
  }
}
