/*
 * kexec loads the kernel that runs once this one has crashed.
 * Usage: kexec KERNEL INITRAMFS COMMAND-LINE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "kexec: three arguments\n");
		return 2;
	}
	int kernel = open(argv[1], O_RDONLY), initramfs = open(argv[2], O_RDONLY);
	if (kernel < 0 || initramfs < 0 ||
	    syscall(SYS_kexec_file_load, kernel, initramfs, strlen(argv[3]) + 1, argv[3], KEXEC_FILE_ON_CRASH)) {
		perror("kexec");
		return 1;
	}
	return 0;
}
