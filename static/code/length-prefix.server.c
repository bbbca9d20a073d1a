FILE *in = fdopen(accept(listener, NULL, NULL), "rb"); // @accept
if (in == NULL)
    return -1;
setvbuf(in, NULL, _IOFBF, BUFFER);
uint32_t head;
// fread() waits for all it was asked for.
while (fread(&head, 4, 1, in) == 1) { // @recv.header
    int32_t n = (int32_t)le32toh(head);
    if (n < 0 || n > LIMIT)
        break;
    if (fread(body, 1, n, in) != (size_t)n) // @recv.body
        break;
    show(body, n);
}
fclose(in); // @close
