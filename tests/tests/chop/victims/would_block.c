/* Counts bytes on a non-blocking socket. Wrong: EAGAIN is taken for a failure. */
#include "server.h"

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    fcntl(conn, F_SETFL, O_NONBLOCK);
    unsigned char total = 0;
    for (;;) {
      struct pollfd ready = {.fd = conn, .events = POLLIN};
      if (poll(&ready, 1, -1) < 0) break;
      char bytes[64];
      ssize_t count = read(conn, bytes, sizeof bytes);
      if (count < 0 && errno == EAGAIN && mended) continue;
      if (count < 0) {
        total = 255;
        break;
      }
      if (count == 0) break;
      total = (unsigned char)(total + count);
    }
    fcntl(conn, F_SETFL, 0);
    if (write(conn, &total, 1) != 1) perror("write");
    close(conn);
  }
}
