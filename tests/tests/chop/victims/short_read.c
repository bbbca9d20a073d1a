/* Records of 8 bytes, each answered with its sum. Wrong: read() fills its buffer. */
#include "server.h"

static int record(int conn, unsigned char *bytes, int mended) {
  size_t have = 0;
  do {
    ssize_t count = read(conn, bytes + have, 8 - have);
    if (count <= 0) return 0;
    have += (size_t)count;
  } while (mended && have < 8);
  return 1;
}

int main(int argc, char **argv) {
  int mended = argc > 1 && strcmp(argv[1], "mended") == 0;
  int server = listening();
  for (;;) {
    int conn = accept(server, NULL, NULL);
    if (conn < 0) continue;
    unsigned char bytes[8] = {0};
    while (record(conn, bytes, mended)) {
      unsigned char sum = 0;
      for (int i = 0; i < 8; i++) sum = (unsigned char)(sum + bytes[i]);
      if (write(conn, &sum, 1) != 1) break;
      memset(bytes, 0, sizeof bytes);
    }
    close(conn);
  }
}
