/* Echoes one byte of each connection that poll() has announced.
   Wrong: an accept() that finds none is taken for a failure. */
#include "server.h"

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  int server = listening();
  fcntl(server, F_SETFL, O_NONBLOCK);
  for (;;) {
    struct pollfd ready = {.fd = server, .events = POLLIN};
    if (poll(&ready, 1, -1) < 0) continue;
    int conn = accept(server, NULL, NULL);
    if (conn < 0 && errno == EAGAIN && mended) continue;
    if (conn < 0) break;
    char byte;
    if (read(conn, &byte, 1) == 1 && write(conn, &byte, 1) != 1) perror("write");
    close(conn);
  }
}
