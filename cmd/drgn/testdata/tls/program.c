// Prints where each of its threads has its thread-local variables, and waits; with WAIT in its own code.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#ifndef WAIT
#define WAIT sleep(1000)
#endif

static __thread int own = 10;
__thread double shared = 2.5;
static __thread struct { long first, second; } __attribute__((aligned(64))) line = {20, 21}; // of a cache: the block begins at a multiple of 64
extern __thread long early_first;
void *early_address(int which);
static void *(*late_address)(int which);
static pthread_barrier_t barrier;

static void report(const char *name, int late) {
	static __thread int calls = 5;
	calls++;
	own += late;
	flockfile(stdout);
	printf("%s %d own %p shared %p line %p calls %p early_first %p early_pair %p early_zeros %p", name, gettid(), (void *)&own, (void *)&shared, (void *)&line, (void *)&calls,
		(void *)&early_first, early_address(1), early_address(2));
	if (late)
		printf(" late_first %p late_pair %p late_zeros %p", late_address(0), late_address(1), late_address(2));
	printf("\n");
	funlockfile(stdout);
	pthread_barrier_wait(&barrier);
	WAIT;
}

static void *thread(void *arg) {
	pthread_barrier_wait(&barrier); // the library is loaded meanwhile
	pthread_barrier_wait(&barrier);
	report(arg ? "late" : "early", arg != 0);
	return arg;
}

int main(int argc, char **argv) {
	pthread_t t;
	setvbuf(stdout, 0, _IOLBF, 0);
	pthread_barrier_init(&barrier, 0, 3);
	pthread_create(&t, 0, thread, 0);
	pthread_create(&t, 0, thread, &barrier);
	pthread_barrier_wait(&barrier);
	void *library = dlopen(argv[1], RTLD_NOW);
	late_address = (void *(*)(int))dlsym(library, "late_address");
	pthread_barrier_wait(&barrier);
	report("main", 1);
}
