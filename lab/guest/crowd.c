/*
 * crowd populates the guest: processes and threads in every kind of wait that a
 * debugger should be able to show, and a few in no wait at all.
 * Usage: crowd THREADS. Creates /run/crowd-ready once everybody is in place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PER_PROCESS = 50, STACK = 64 << 10 };
static const struct timespec forever = { .tv_sec = 1000000 };

static void note(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "crowd: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
}

static void name(const char *format, ...)
{
	char comm[64];
	va_list args;
	va_start(args, format);
	vsnprintf(comm, sizeof comm, format, args);
	va_end(args);
	prctl(PR_SET_NAME, comm);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;

static void in_futex(void)
{
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
}

static void in_nanosleep(void) { nanosleep(&forever, NULL); }
static void in_pause(void) { pause(); }
static void in_sem(void) { sem_wait(&semaphore); }

static void in_epoll(void)
{
	int ep = epoll_create1(0), event = eventfd(0, 0);
	struct epoll_event e = { .events = EPOLLIN };
	epoll_ctl(ep, EPOLL_CTL_ADD, event, &e);
	epoll_wait(ep, &e, 1, -1);
}

static void in_pipe(void)
{
	int p[2];
	char c;
	if (pipe(p) == 0)
		(void)!read(p[0], &c, 1);
}

static void in_pipe_write(void)
{
	static char block[1 << 17];
	int p[2];
	if (pipe(p) == 0)
		(void)!write(p[1], block, sizeof block);
}

static void in_poll(void)
{
	struct pollfd p = { .fd = eventfd(0, 0), .events = POLLIN };
	poll(&p, 1, -1);
}

static void in_select(void)
{
	int fd = eventfd(0, 0);
	fd_set set;
	if (fd >= FD_SETSIZE)
		pause();
	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

static void in_eventfd(void)
{
	uint64_t v;
	(void)!read(eventfd(0, 0), &v, sizeof v);
}

static void in_timerfd(void)
{
	uint64_t v;
	struct itimerspec t = { .it_value = forever };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &t, NULL);
	(void)!read(fd, &v, sizeof v);
}

static void in_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	(void)!read(signalfd(-1, &set, 0), &info, sizeof info);
}

static void in_sigwait(void)
{
	sigset_t set;
	int sig;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
}

static void in_inotify(void)
{
	char buf[4096];
	int fd = inotify_init();
	inotify_add_watch(fd, "/run", IN_DELETE_SELF);
	(void)!read(fd, buf, sizeof buf);
}

static void in_tcp_accept(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bind(s, (void *)&a, sizeof a);
	listen(s, 5);
	accept(s, NULL, NULL);
}

static void in_tcp_recv(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
	char b;
	bind(l, (void *)&a, sizeof a);
	listen(l, 5);
	getsockname(l, (void *)&a, &len);
	connect(c, (void *)&a, sizeof a);
	(void)!write(c, "queued", 6);
	(void)!read(c, &b, 1);
}

static void in_udp_recv(void)
{
	int s = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any };
	char b;
	bind(s, (void *)&a, sizeof a);
	recv(s, &b, 1, 0);
}

static void in_unix_accept(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "/run/crowd-%d.sock", (int)syscall(SYS_gettid));
	bind(s, (void *)&a, sizeof a);
	listen(s, 5);
	accept(s, NULL, NULL);
}

static void in_unix_recv(void)
{
	int p[2];
	char b;
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
	recv(p[0], &b, 1, 0);
}

static void in_netlink(void)
{
	char b;
	recv(socket(AF_NETLINK, SOCK_RAW, 0), &b, 1, 0);
}

static void in_msgrcv(void)
{
	struct { long type; char text[64]; } m;
	msgrcv(msgget(42, 0), &m, sizeof m.text, 99, 0);
}

static void in_semop(void)
{
	struct sembuf op = { .sem_num = 1, .sem_op = -1 };
	semop(semget(44, 2, 0), &op, 1);
}

static void in_flock(void)
{
	int fd = open("/run/flocked", O_RDWR | O_CREAT, 0600);
	flock(fd, LOCK_EX);
	pause();
}

static void in_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	char text[64];
	mqd_t q = mq_open("/crowd", O_RDWR | O_CREAT, 0600, &attr);
	mq_receive(q, text, sizeof text, NULL);
}

static void in_posix_timer(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct itimerspec t = { .it_value = forever, .it_interval = forever };
	timer_t timer;
	timer_create(CLOCK_REALTIME, &e, &timer);
	timer_settime(timer, 0, &t, NULL);
	pause();
}

static void in_fifo_open(void)
{
	open("/run/fifo", O_RDONLY);
}

static const struct kind {
	const char *name;
	void (*wait)(void);
} kinds[] = {
	{ "futex", in_futex },
	{ "nanosleep", in_nanosleep },
	{ "epoll", in_epoll },
	{ "pipe-read", in_pipe },
	{ "pipe-write", in_pipe_write },
	{ "poll", in_poll },
	{ "select", in_select },
	{ "eventfd", in_eventfd },
	{ "timerfd", in_timerfd },
	{ "signalfd", in_signalfd },
	{ "sigwait", in_sigwait },
	{ "inotify", in_inotify },
	{ "tcp-accept", in_tcp_accept },
	{ "tcp-recv", in_tcp_recv },
	{ "udp-recv", in_udp_recv },
	{ "unix-accept", in_unix_accept },
	{ "unix-recv", in_unix_recv },
	{ "netlink", in_netlink },
	{ "msgrcv", in_msgrcv },
	{ "semop", in_semop },
	{ "flock", in_flock },
	{ "mqueue", in_mqueue },
	{ "posix-timer", in_posix_timer },
	{ "fifo-open", in_fifo_open },
	{ "pause", in_pause },
	{ "semaphore", in_sem },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void *thread(void *arg)
{
	intptr_t i = (intptr_t)arg;
	name("%s-%d", kinds[i % KINDS].name, (int)i);
	kinds[i % KINDS].wait();
	pause();
	return NULL;
}

static void join_cgroup(const char *group)
{
	char path[PATH_MAX], pid[16];
	snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", group);
	int fd = open(path, O_WRONLY), n = snprintf(pid, sizeof pid, "%d", getpid());
	if (fd < 0 || write(fd, pid, n) != n)
		note("cgroup %s", group);
	close(fd);
}

/* Mappings of many kinds, so that a walk over VMAs has something to tell apart. */
static void map_things(int n)
{
	size_t page = 4096;
	char *p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 'a' + n % 26, 16 * page);
	mprotect(p + 4 * page, page, PROT_READ);
	mprotect(p + 8 * page, page, PROT_NONE);
	munmap(p + 12 * page, page);
	mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open("/mnt/merged/file", O_RDWR);
	mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	int m = memfd_create("crowd memory", 0);
	(void)!ftruncate(m, 64 * page);
	mmap(NULL, 64 * page, PROT_READ | PROT_WRITE, MAP_SHARED, m, 0);
	char *huge = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (n == 0) {
		madvise(huge, 4 << 20, MADV_HUGEPAGE);
		memset(huge, 'h', 4 << 20);
	}
	shmat(shmget(43, 0, 0), NULL, SHM_RDONLY);
}

static pid_t process(void (*body)(int), int n)
{
	pid_t pid = fork();
	if (pid < 0)
		note("fork");
	if (pid == 0) {
		body(n);
		for (;;)
			pause();
	}
	return pid;
}

static int wanted;
static atomic_int *started;

static void many_threads(int n)
{
	char group[32];
	pthread_attr_t attr;
	name("crowd-%d", n);
	snprintf(group, sizeof group, "app/g%d", n % 4);
	join_cgroup(group);
	map_things(n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sem_init(&semaphore, 0, 0);
	for (int i = n * PER_PROCESS; i < (n + 1) * PER_PROCESS && i < wanted; i++) {
		pthread_t t;
		if ((errno = pthread_create(&t, &attr, thread, (void *)(intptr_t)i)))
			note("thread %d", i);
		atomic_fetch_add(started, 1);
	}
}

/* The parent of a vfork waits uninterruptibly: state D. */
static void in_vfork(int n)
{
	name("vfork-%d", n);
	if (vfork() == 0) {
		name("vforked-%d", n);
		for (;;)
			pause();
	}
}

static void zombie_maker(int n)
{
	name("zombies-%d", n);
	if (fork() == 0) {
		name("zombie-%d", n);
		_exit(3);
	}
}

static void stopped(int n)
{
	name("stopped-%d", n);
	raise(SIGSTOP);
}

static void traced(int n)
{
	pid_t child = fork();
	if (child == 0) {
		name("traced-%d", n);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		pause();
	}
	name("tracer-%d", n);
	waitpid(child, NULL, __WALL);
}

static void in_namespaces(int n)
{
	name("unshared-%d", n);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP))
		note("unshare");
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount("inner", "/mnt/ro", "tmpfs", 0, "size=1m");
	sethostname("inner", 5);
	if (fork() == 0) {
		name("inner-init-%d", n);
		if (fork() == 0)
			name("inner-child-%d", n);
		pause();
	}
}

static void other_user(int n)
{
	name("user-%d", n);
	if (setgid(1000 + n) || setuid(1000 + n))
		note("setuid");
	struct itimerval t = { .it_value.tv_sec = 900000 };
	setitimer(ITIMER_REAL, &t, NULL);
}

static void realtime(int n)
{
	struct sched_param p = { .sched_priority = 10 + n };
	name("rt (odd) name)");
	if (sched_setscheduler(0, n % 2 ? SCHED_RR : SCHED_FIFO, &p))
		note("realtime");
}

/* Idle-class spinners keep both CPUs busy without being in anybody's way. */
static void spin(int n)
{
	static char block[1 << 16];
	struct sched_param p = { 0 };
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(n, &set);
	sched_setaffinity(0, sizeof set, &set);
	sched_setscheduler(0, SCHED_IDLE, &p);
	name(n ? "spin-kernel" : "spin-user");
	int zero = open("/dev/zero", O_RDONLY);
	for (volatile unsigned long i = 0;; i++)
		if (n)
			(void)!read(zero, block, sizeof block);
}

static void deep_paths(void)
{
	char path[PATH_MAX];
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof path, "/run/dir%d", i % 20);
		mkdir(path, 0700);
		snprintf(path, sizeof path, "/run/dir%d/file%d", i % 20, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
}

/* A BPF map, pinned so that it has a name; the union is the kernel's bpf_attr. */
static void bpf_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 64 };
	strcpy(attr.map_name, "crowd_map");
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
	attr = (union bpf_attr){ .pathname = (uintptr_t)"/sys/fs/bpf/crowd_map", .bpf_fd = fd };
	if (fd < 0 || syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof attr))
		note("bpf");
}

static void ipc(void)
{
	struct { long type; char text[64]; } m = { 7, "a queued message" };
	int q = msgget(42, IPC_CREAT | 0600), shm = shmget(43, 65536, IPC_CREAT | 0640);
	semget(44, 2, IPC_CREAT | 0600);
	msgsnd(q, &m, 17, 0);
	m.type = 8;
	msgsnd(q, &m, 2, 0);
	strcpy(shmat(shm, NULL, 0), "needle in shared memory: godrgn lab");
	mkfifo("/run/fifo", 0600);
	flock(open("/run/flocked", O_RDWR | O_CREAT, 0600), LOCK_EX);
}

int main(int argc, char **argv)
{
	wanted = argc > 1 ? atoi(argv[1]) : 100;
	started = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	name("crowd-main");
	ipc();
	bpf_map();
	deep_paths();
	for (int i = 0; i * PER_PROCESS < wanted; i++)
		process(many_threads, i);
	for (int i = 0; i < 4; i++) {
		process(in_vfork, i);
		process(zombie_maker, i);
		process(stopped, i);
		process(traced, i);
		process(in_namespaces, i);
		process(other_user, i);
		process(realtime, i);
	}
	while (atomic_load(started) < wanted)
		usleep(100000);
	process(spin, 0);
	process(spin, 1);
	sleep(2);
	close(open("/run/crowd-ready", O_CREAT | O_WRONLY, 0600));
	for (;;)
		pause();
}
