/*
 * truth writes down what the kernel says of itself and of every task, so that a
 * debugger's account of the dump can be held against it. Usage: truth DIRECTORY.
 * Per-task files are concatenated; a line "@ TGID TID" precedes each task's part.
 * Stacks and states are taken twice: a task that moved in between proves nothing.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *directory;

static FILE *create(const char *file)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", directory, file);
	FILE *f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static void copy(FILE *out, const char *path)
{
	static char buf[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n;
	while (fd >= 0 && (n = read(fd, buf, sizeof buf)) > 0)
		fwrite(buf, 1, n, out);
	close(fd);
}

static void copy_to(const char *file, const char *path)
{
	FILE *f = create(file);
	copy(f, path);
	fclose(f);
}

static void links(FILE *out, const char *path)
{
	char target[PATH_MAX];
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof target);
		if (n > 0)
			fprintf(out, "%s %.*s\n", e->d_name, (int)n, target);
	}
	if (d)
		closedir(d);
}

typedef void visitor(FILE *out, const char *path);

/* Visits /proc/TGID/FILE, or with threads /proc/TGID/task/TID/FILE, of everybody. */
static void every_task(const char *to, const char *file, int threads, visitor *visit)
{
	char path[PATH_MAX];
	FILE *out = create(to);
	DIR *d = opendir("/proc");
	struct dirent *e, *t;
	while ((e = readdir(d))) {
		if (!isdigit(e->d_name[0]))
			continue;
		if (!threads) {
			fprintf(out, "@ %s %s\n", e->d_name, e->d_name);
			snprintf(path, sizeof path, "/proc/%s/%s", e->d_name, file);
			visit(out, path);
			continue;
		}
		snprintf(path, sizeof path, "/proc/%s/task", e->d_name);
		DIR *tasks = opendir(path);
		while (tasks && (t = readdir(tasks))) {
			if (!isdigit(t->d_name[0]))
				continue;
			fprintf(out, "@ %s %s\n", e->d_name, t->d_name);
			snprintf(path, sizeof path, "/proc/%s/task/%s/%s", e->d_name, t->d_name, file);
			visit(out, path);
		}
		if (tasks)
			closedir(tasks);
	}
	closedir(d);
	fclose(out);
}

/* Visits a directory and those below it. */
static void every_directory(FILE *out, const char *path, visitor *visit)
{
	char below[PATH_MAX];
	struct stat st;
	DIR *d = opendir(path);
	struct dirent *e;
	if (!d)
		return;
	visit(out, path);
	while ((e = readdir(d))) {
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.' && lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
			every_directory(out, below, visit);
	}
	closedir(d);
}

static void name(FILE *out, const char *path) { fprintf(out, "%s\n", path); }

/* What a control group has in memory, and its limit, each on a line of its own after the group's. */
static void group_memory(FILE *out, const char *path)
{
	static const char *const has[] = { "memory.current", "memory.max" };
	char file[PATH_MAX];
	fprintf(out, "@ %s\n", path);
	for (int i = 0; i < 2; i++) {
		snprintf(file, sizeof file, "%s/%s", path, has[i]);
		copy(out, file);
	}
}

static void module_sections(FILE *out)
{
	char path[PATH_MAX];
	DIR *d = opendir("/sys/module"), *s;
	struct dirent *e, *f;
	while ((e = readdir(d))) {
		snprintf(path, sizeof path, "/sys/module/%s/sections", e->d_name);
		if (e->d_name[0] == '.' || !(s = opendir(path)))
			continue;
		while ((f = readdir(s))) {
			if (f->d_type == DT_DIR)
				continue;
			fprintf(out, "%s %s ", e->d_name, f->d_name);
			snprintf(path, sizeof path, "/sys/module/%s/sections/%s", e->d_name, f->d_name);
			copy(out, path);
		}
		closedir(s);
	}
	closedir(d);
}

static const char *const files[][2] = {
	{ "modules", "/proc/modules" },
	{ "mounts", "/proc/1/mountinfo" },
	{ "cgroups", "/proc/cgroups" },
	{ "tcp", "/proc/net/tcp" },
	{ "udp6", "/proc/net/udp6" },
	{ "unix", "/proc/net/unix" },
	{ "dev", "/proc/net/dev" },
	{ "msg", "/proc/sysvipc/msg" },
	{ "sem", "/proc/sysvipc/sem" },
	{ "shm", "/proc/sysvipc/shm" },
	{ "zoneinfo", "/proc/zoneinfo" },
	{ "vmallocinfo", "/proc/vmallocinfo" },
	{ "iomem", "/proc/iomem" },
	{ "interrupts", "/proc/interrupts" },
	{ "cmdline", "/proc/cmdline" },
	{ "version", "/proc/version" },
	{ "partitions", "/proc/partitions" },
	{ "swaps", "/proc/swaps" },
	{ "locks", "/proc/locks" },
	{ "filesystems", "/proc/filesystems" },
	{ "devices", "/proc/devices" },
	{ "cpuinfo", "/proc/cpuinfo" },
	{ "uptime", "/proc/uptime" },
	{ "stat", "/proc/stat" },
	{ "vmcoreinfo", "/sys/kernel/vmcoreinfo" },
	{ "btf", "/sys/kernel/btf/vmlinux" },
	{ "notes", "/sys/kernel/notes" },
	{ "kallsyms", "/proc/kallsyms" },
};

/* What changes all the time is read last, for a dump to be much the same. */
static const char *const last[][2] = {
	{ "diskstats", "/proc/diskstats" },
	{ "slabinfo", "/proc/slabinfo" },
	{ "pressure-cpu", "/proc/pressure/cpu" },
	{ "pressure-memory", "/proc/pressure/memory" },
	{ "pressure-io", "/proc/pressure/io" },
	{ "loadavg", "/proc/loadavg" },
	{ "meminfo", "/proc/meminfo" },
};

static void dmesg(FILE *out)
{
	enum { READ_ALL = 3, SIZE = 1 << 20 };
	static char buf[SIZE];
	int n = klogctl(READ_ALL, buf, SIZE);
	if (n > 0)
		fwrite(buf, 1, n, out);
}

int main(int argc, char **argv)
{
	directory = argc > 1 ? argv[1] : ".";
	every_task("stat1", "stat", 1, copy);
	every_task("stack1", "stack", 1, copy);
	every_task("status", "status", 1, copy);
	every_task("syscall", "syscall", 1, copy);
	every_task("maps", "maps", 0, copy);
	every_task("cgroup", "cgroup", 0, copy);
	every_task("args", "cmdline", 0, copy);
	every_task("fds", "fd", 0, links);
	every_task("ns", "ns", 0, links);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		copy_to(files[i][0], files[i][1]);
	FILE *f = create("cgroup-directories");
	every_directory(f, "/sys/fs/cgroup", name);
	fclose(f);
	f = create("module-sections");
	module_sections(f);
	fclose(f);
	f = create("dmesg");
	dmesg(f);
	fclose(f);
	every_task("stack2", "stack", 1, copy);
	every_task("stat2", "stat", 1, copy);
	f = create("cgroup-memory");
	every_directory(f, "/sys/fs/cgroup", group_memory);
	fclose(f);
	for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
		copy_to(last[i][0], last[i][1]);
	f = create("self");
	fprintf(f, "%d\n", getpid());
	fclose(f);
	return 0;
}
