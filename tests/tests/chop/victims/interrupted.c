/* Says one byte once nothing has come for a while, counts bytes, and has a handler for SIGUSR1.
   Wrong: EINTR is taken for the end. */
#include <sys/time.h>

#include "server.h"

static void on_signal(int signal) { (void)signal; }

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    struct timeval patience = {.tv_usec = 20000};
    setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    unsigned char total = 0;
    int is_ready = 0;
    for (;;) {
      char bytes[64];
      ssize_t count = read(conn, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR && mended) continue;
      if (count < 0 && errno == EAGAIN) {
        if (!is_ready && write(conn, "r", 1) != 1) break;
        is_ready = 1;
        continue;
      }
      if (count <= 0) break;
      total = (unsigned char)(total + count);
    }
    ssize_t sent;
    do {
      sent = write(conn, &total, 1);
    } while (sent < 0 && errno == EINTR && mended);
    close(conn);
  }
}
