"""Programs that are made those of a running kernel, a guest of QEMU, or a kernel whose memory functions give."""

from drgn import Architecture, Platform, PlatformFlags, Program, program_from_kernel

V = "OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a22000\n"
FULL = V + "KERNELOFFSET=9000000\nNUMBER(phys_base)=0\nNUMBER(pgtable_l5_enabled)=0\n"
X86 = Platform(Architecture.X86_64)


def zeros(address, count, offset, physical):
    return bytes(count)


def large(address, count, offset, physical):
    # Each entry of each table maps large pages at 0.
    return (0xE3).to_bytes(8, "little") * (count // 8) + bytes(count % 8)


def custom(info=FULL, live=False, read=None, **kwargs):
    prog = Program(X86, **kwargs)
    prog.set_linux_kernel_custom(info, live)
    if read:
        prog.add_memory_segment(0, 1 << 32, read, True)
    return prog


# A kernel whose memory functions give.
Program().set_linux_kernel_custom(FULL, False)
Program(X86).set_linux_kernel_custom(FULL)
Program(X86).set_linux_kernel_custom()
Program(X86).set_linux_kernel_custom("", False)
Program(X86).set_linux_kernel_custom("OSRELEASE=6\n", False)
Program(X86).set_linux_kernel_custom(b"OSRELEASE=6\nPAGESIZE=4096\n", False)
Program(X86).set_linux_kernel_custom("OSRELEASE=6\nPAGESIZE=1000\n", False)
Program(X86).set_linux_kernel_custom(None, False)
Program(X86).set_linux_kernel_custom(1, False)
Program(X86).set_linux_kernel_custom(FULL, False)
Program(X86).set_linux_kernel_custom(vmcoreinfo=FULL.encode(), is_live=1)
custom().flags
custom(live=True).flags
custom(V).flags
custom(V.encode(), True).flags
custom().platform == X86
custom().core_dump_path
custom().language
custom()["VMCOREINFO"].string_() == FULL.encode()
custom()["UTS_RELEASE"].string_()
custom()["UTS_RELEASE"].type_
len(custom()["VMCOREINFO"]) - len(FULL), custom()["VMCOREINFO"][0], custom()["VMCOREINFO"].to_bytes_() == FULL.encode()
custom()["VMCOREINFO"].type_.type.type_name()
custom()["PAGE_SIZE"].value_()
custom("nothing", vmcoreinfo=FULL)["VMCOREINFO"].string_() == FULL.encode()
custom("nothing", vmcoreinfo=FULL).flags
custom().set_linux_kernel_custom(FULL, False)
custom().set_kernel()
custom().set_core_dump("/nonexistent")
custom().set_pid(1)
custom(read=zeros).read(0xFFFFFFFF82A22000, 8)
custom(read=zeros).read(0, 8, True)
custom(read=large).read(0x123, 16)
custom(read=large, live=True).read(0x1000, 16)
custom(read=large).read(0x1234567890ABCDEF, 8)
custom().read(0, 8)
custom().read(0, 8, True)
list(custom(read=zeros).modules())

# Memory that is there before: physical memory may be.
early = Program(X86)
early.add_memory_segment(0, 1 << 32, large, True)
early.set_linux_kernel_custom(FULL, True)
early.flags
early.read(0x1000, 16)
early = Program(X86)
early.add_memory_segment(0, 1 << 32, large)
early.set_linux_kernel_custom(FULL, True)
early.set_kernel()
early.flags

# A guest of QEMU.
Program().set_qemu_qmp()
Program().set_qemu_qmp(None)
Program().set_qemu_qmp(b"/nonexistent")
Program().set_qemu_qmp(1.5)
Program().set_qemu_qmp([])
Program().set_qemu_qmp(-1)
Program().set_qemu_qmp(1 << 40)
Program().set_qemu_qmp(-1 << 80)
Program().set_qemu_qmp(1 << 80)

# The running kernel: there is none to be tested here.
program_from_kernel(1)
Program().set_kernel(1)
