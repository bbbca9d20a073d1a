/* Answers with a report. Wrong: what write() returns is not looked at. */
#include "server.h"

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  static const char report[] = "all is well, and all shall be well";
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    char byte;
    if (read(conn, &byte, 1) == 1) {
      size_t sent = 0;
      do {
        ssize_t count = write(conn, report + sent, sizeof report - sent);
        if (count <= 0) break;
        sent += (size_t)count;
      } while (mended && sent < sizeof report);
    }
    close(conn);
  }
}
