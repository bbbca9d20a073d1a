/* A thread that is not the first one runs another program, while others wait. */
#include <pthread.h>
#include <unistd.h>

static void *wait_for_ever(void *argument) {
    (void)argument;
    for (;;)
        pause();
    return NULL;
}

static void *run(void *argument) {
    execv("/bin/sh", argument);
    return NULL;
}

int main(void) {
    char *arguments[] = {"sh", "-c", "echo ran; exit 9", NULL};
    pthread_t threads[4];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, wait_for_ever, NULL);
    pthread_create(&threads[3], NULL, run, arguments);
    wait_for_ever(NULL);
    return 0;
}
