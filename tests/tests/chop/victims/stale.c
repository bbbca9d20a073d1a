/* Echoes bytes, says one of its own once nothing comes behind the first one, and has a handler for
   SIGALRM. Wrong: after a poll() that was interrupted it reads, as what poll() said the last time
   stands there still. */
#include "server.h"

static void on_signal(int signal) { (void)signal; }

static void serve(int conn, int mended) {
  struct pollfd ready = {.fd = conn, .events = POLLIN};
  int echoed = 0, is_idle = 0;
  char byte;
  /* So the first poll() does not wait. */
  if (recv(conn, &byte, 1, MSG_PEEK) != 1) return;
  for (;;) {
    byte = 'r';
    int count = poll(&ready, 1, 20);
    if (count < 0 && mended) continue;
    if (count == 0) {
      if (echoed == 1 && !is_idle && write(conn, &byte, 1) != 1) return;
      is_idle = echoed == 1;
      continue;
    }
    if (ready.revents == 0) continue;
    if (read(conn, &byte, 1) != 1 || write(conn, &byte, 1) != 1) return;
    echoed++;
  }
}

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    serve(conn, mended);
    close(conn);
  }
}
