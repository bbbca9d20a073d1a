/* Echoes one byte of each connection, and has a handler for SIGUSR1.
   Wrong: an accept() that was interrupted is taken for the end. */
#include "server.h"

static void on_signal(int signal) { (void)signal; }

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0 && errno == EINTR && mended) continue;
    if (conn < 0) break;
    char byte;
    if (read(conn, &byte, 1) == 1 && write(conn, &byte, 1) != 1) perror("write");
    close(conn);
  }
}
