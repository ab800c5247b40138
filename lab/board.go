package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// A board is a machine that the lab boots kernels of under QEMU: another one is one more value here, and the series of its
// kernels in carried.
type board struct {
	name string // Debian's name of the architecture

	qemu    [2]string // QEMU's program for it, and the Debian package that has it
	newer   []string  // packages of Debian unstable that have all that is needed, unpacked beside, where Debian 12's do not do: see tool
	machine []string  // QEMU's options that say which machine and which processors
	block   int       // its memory is a multiple of so many MiB; 0: any is right
	threads string    // "multi" if there is one of QEMU's for each processor; see accelerator
	console string    // of the guest, on QEMU's first serial line
	line    string    // what its kernels' command lines have beside those of all guests
	changes string    // the same, of what makes another kernel of it for those who look at a dump
	tells   []string  // QEMU's options for the device by which a guest tells where its VMCOREINFO is

	signed bool // whether Debian signs its kernels, to boot in secure ways

	// compiler builds the guest's programs, and headers is a file that it needs for that; each with the Debian package that
	// has it.
	compiler, headers [2]string

	// host says that the guests run programs of this machine, where makedumpfile reads their dumps: they are checked in all
	// their forms, while they run, and when they crash.
	host bool

	// kexec says that guests of another machine than this one are made to crash, too: Debian's kexec runs in them.
	kexec bool
}

// amd64 is the machine that the lab itself runs on.
var amd64 = newAMD64("qemu64", "")

// amd64Large has page tables of five levels, and its kernels are told to let themselves be preempted anywhere.
var amd64Large = newAMD64("qemu64,+la57", "preempt=full")

// newAMD64 returns the board of a processor. Under load, emulation brings timer interrupts so late that the kernel takes the timer
// for broken: it is not to check.
func newAMD64(processor, changes string) *board {
	return &board{
		name: "amd64", host: true,
		qemu:     [2]string{"qemu-system-x86_64", "qemu-system-x86"},
		machine:  []string{"-cpu", processor},
		console:  "ttyS0",
		tells:    vmcoreinfoDevice,
		signed:   true,
		line:     "no_timer_check",
		changes:  changes,
		compiler: [2]string{"gcc", "gcc"},
		headers:  [2]string{"/usr/lib/x86_64-linux-gnu/libc.a", "libc6-dev"},
	}
}

// arm64 is a server of 2018: addresses have 48 bits, return addresses are not signed.
var arm64 = newArm64("cortex-a76")

// arm64Max has all that QEMU knows: addresses of 52 bits, if the kernel uses them, and pointer authentication, by an algorithm
// that is not the architecture's own but takes no time to emulate.
var arm64Max = newArm64("max,pauth-impdef=on")

func newArm64(processor string) *board {
	return &board{
		name:     "arm64",
		qemu:     [2]string{"qemu-system-aarch64", "qemu-system-arm"},
		machine:  []string{"-M", "virt", "-cpu", processor},
		console:  "ttyAMA0",
		tells:    vmcoreinfoDevice,
		signed:   true,
		kexec:    true,
		compiler: [2]string{"aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"},
		headers:  [2]string{"/usr/aarch64-linux-gnu/lib/libc.a", "libc6-dev-arm64-cross"},
	}
}

// s390x is a mainframe with what QEMU knows of the newest processors. Its kernel has no driver for a device that takes VMCOREINFO, which
// lies in memory only.
var s390x = &board{
	name:     "s390x",
	qemu:     [2]string{"qemu-system-s390x", "qemu-system-misc"},
	machine:  []string{"-M", "s390-ccw-virtio", "-cpu", "max"},
	console:  "ttyS1", // the one of SCLP that is not of lines
	compiler: [2]string{"s390x-linux-gnu-gcc", "gcc-s390x-linux-gnu"},
	headers:  [2]string{"/usr/s390x-linux-gnu/lib/libc.a", "libc6-dev-s390x-cross"},
}

// riscv64 is what QEMU makes up, with addresses of 57 bits; its kernel has no driver for a device that takes VMCOREINFO in QEMU 7.2. It can
// be told to have addresses of 48 or 39 bits.
var (
	riscv64     = newRISCV64("")
	riscv64Sv48 = newRISCV64("no5lvl")
	riscv64Sv39 = newRISCV64("no4lvl")
)

func newRISCV64(changes string) *board {
	return &board{
		name:     "riscv64",
		qemu:     [2]string{"qemu-system-riscv64", "qemu-system-misc"},
		machine:  []string{"-M", "virt", "-cpu", "rv64"},
		console:  "ttyS0",
		changes:  changes,
		compiler: [2]string{"riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu"},
		headers:  [2]string{"/usr/riscv64-linux-gnu/lib/libc.a", "libc6-dev-riscv64-cross"},
	}
}

// ppc64el is a server of 2021 that a hypervisor runs: QEMU plays the hypervisor. There is no device that takes VMCOREINFO. A
// processor of 2013 has a hash table instead of page tables, and each change of that by the kernel is a call of the hypervisor: where one
// thread emulates both processors, the other one's turn comes then, which waits for the first, until its time is over.
var (
	ppc64el     = newPPC64el("power10")
	ppc64elHash = newPPC64el("power8")
)

func newPPC64el(processor string) *board {
	return &board{
		name:     "ppc64el",
		qemu:     [2]string{"qemu-system-ppc64", "qemu-system-ppc"},
		machine:  []string{"-M", "pseries", "-cpu", processor},
		block:    256,
		threads:  "multi",
		console:  "hvc0",
		kexec:    true,
		compiler: [2]string{"powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu"},
		headers:  [2]string{"/usr/powerpc64le-linux-gnu/lib/libc.a", "libc6-dev-ppc64el-cross"},
	}
}

// armhf is a board of 2013 with a processor that knows both kinds of page tables; kernels with those of two levels can't reach devices
// above 4 GiB. There is no driver for a device that takes VMCOREINFO. The kernel changes how its pages may be accessed one by one, each on
// both processors while the other one waits: that takes minutes where one thread emulates both.
var (
	armhf     = newArmhf("virt,highmem=off")
	armhfLPAE = newArmhf("virt")
)

func newArmhf(machine string) *board {
	return &board{
		name:     "armhf",
		qemu:     [2]string{"qemu-system-arm", "qemu-system-arm"},
		machine:  []string{"-M", machine, "-cpu", "cortex-a15"},
		threads:  "multi",
		console:  "ttyAMA0",
		compiler: [2]string{"arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"},
		headers:  [2]string{"/usr/arm-linux-gnueabihf/lib/libc.a", "libc6-dev-armhf-cross"},
	}
}

// i386 is a personal computer of 2000.
var i386 = &board{
	name:     "i386",
	qemu:     [2]string{"qemu-system-i386", "qemu-system-x86"},
	machine:  []string{"-cpu", "qemu32"},
	console:  "ttyS0",
	tells:    vmcoreinfoDevice,
	signed:   true,
	line:     "no_timer_check",
	compiler: [2]string{"i686-linux-gnu-gcc", "gcc-i686-linux-gnu"},
	headers:  [2]string{"/usr/i686-linux-gnu/lib/libc.a", "libc6-dev-i386-cross"},
}

// loong64 is what QEMU makes up, with firmware. Debian 12 has no compiler for it, and its QEMU is too old.
var loong64 = &board{
	name:     "loong64",
	qemu:     [2]string{"qemu-system-loongarch64", "qemu-system-misc"},
	newer:    []string{"qemu-system-misc", "qemu-efi-loongarch64", "gcc-14-loongarch64-linux-gnu", "libc6-dev-loong64-cross"},
	machine:  []string{"-M", "virt", "-bios", "QEMU_EFI.fd"},
	threads:  "multi",
	console:  "ttyS0",
	compiler: [2]string{"loongarch64-linux-gnu-gcc-14", "gcc-14-loongarch64-linux-gnu"},
}

// vmcoreinfoDevice is QEMU's vmcoreinfo device.
var vmcoreinfoDevice = []string{"-device", "vmcoreinfo"}

// guestLine is what the command lines of all guests of the board have. A guest that stumbles ends, to be booted once more.
func (b *board) guestLine() string {
	line := fmt.Sprintf("console=%s loglevel=4 zram.num_devices=1 printk.time=1 oops=panic panic=-1", b.console)
	for _, more := range []string{b.line, b.changes} {
		if more != "" {
			line += " " + more
		}
	}
	return line
}

// crashMemory is the memory in MiB of guests of the board that crash: they have little, as all of it is copied.
func (b *board) crashMemory() int {
	const least = 640
	block := max(b.block, 1)
	return (least + block - 1) / block * block
}

// savingLine is the command line of the kernel that saves the dump of one that has crashed.
func (b *board) savingLine() string {
	return fmt.Sprintf("console=%s rdinit=/save-init nr_cpus=1 reset_devices panic=-1", b.console)
}

// command returns the command that runs QEMU with two processors, an amount of memory in MiB, and further options.
func (b *board) command(ctx context.Context, cache string, memory int, args ...string) *exec.Cmd {
	threads := b.threads
	if threads == "" {
		threads = "single"
	}
	return exec.CommandContext(ctx, "nice", slices.Concat([]string{"-n", "10"}, b.emulator(cache), []string{"-accel", accelerator + threads},
		b.machine, []string{"-smp", "2", "-m", strconv.Itoa(memory)}, args)...)
}

// suffix ends the names of what the cache has of the board and not of this machine.
func (b *board) suffix() string {
	if b.host {
		return ""
	}
	return "-" + b.name
}

// apt returns the package lists of the board's architecture.
func (b *board) apt(ctx context.Context, cache string) (*apt, error) {
	return newApt(ctx, b.name, filepath.Join(cache, "apt"+b.suffix()))
}
