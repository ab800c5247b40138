# Package _drgn_util, which programs that were made beside drgn import: text in paragraphs, numbers of ELF files, what machines differ in.

import importlib
import platform

import _drgn_util.platform
from _drgn_util import elf
from _drgn_util.argparseformatter import MultilineHelpFormatter
from _drgn_util.multilinewrap import multiline_fill, multiline_wrap
from _drgn_util.plugins import call_plugins
from _drgn_util.typingutils import copy_func_params, copy_func_signature, copy_method_params

texts = ["", "\n", "|", "|\n|", "|a\n|b\n", "para\n|line that is not wrapped", "|x\npara graph\n|y", "|  two  ", "|a\n\n\n|b", "a\n\n|b\n\nc", "   |a\n   |b", "a\n   \nb", "\n\na\n\n", "|a\n  |b", "x |y\n|z ", "\ta\n\tb", "a  b   c\td", "very-long-word/with/slashes and so on", "trailing   \nspace  ", "x\n  - yy yyy yyyy"]
[multiline_wrap(text, 12) for text in texts]
[multiline_wrap(text, 12, indent="  ") for text in texts]
multiline_fill("a b c\n\n|d", width=3)
[multiline_wrap("ab cd", width) for width in (1, 3)]
multiline_wrap("ab", 0)
formatter = MultilineHelpFormatter("prog")
formatter._split_lines("one two\nthree\n\n|four", 9)
formatter._fill_text("one two\nthree\n\n|four", 9, "  ")
[[(name, int(value)) for name, value in getattr(elf, of).__members__.items()] for of in ("AT", "ET", "NT", "PT", "SHF", "SHN", "SHT", "STB", "STT", "STV")]
elf.SHT(1), elf.SHF(5) == elf.SHF.WRITE | elf.SHF.EXECINSTR, elf.STB.GNU_UNIQUE is elf.STB.LOOS
def source(a: int, b: str = "x") -> float: ...
def given(*args: object, **kwargs: object) -> bytes: ...
copy_func_params(source)(given) is given, copy_func_signature(source)(given) is given, copy_method_params(source)(given) is given
call_plugins("no_such_hook", 1, 2)
def on(machine):
    platform.machine = lambda: machine
    return importlib.reload(_drgn_util.platform)
[(machine, on(machine).NORMALIZED_MACHINE_NAME) for machine in "i386 i86 i686 amd64 x86_64 aarch64_be arm64 arm64e armv7l sa110 ppc ppcle ppc64le riscv riscv64 mips mipsel mips64 s390 s390x sh4 sh64 shx sun4u sun4m parisc32 loongarch64 weird".split()]
[(machine, on(machine).SYS) for machine in "x86_64 i386 aarch64 alpha arc arm csky hexagon loongarch64 m68k microblaze mips mips64 nios2 openrisc parisc parisc64 ppc ppc64 riscv32 riscv64 s390 s390x sh sparc sparc64 xtensa weird".split()]
[(machine, on(machine)._IO(1, 2), on(machine)._IOR(1, 2, 3), on(machine)._IOW(1, 2, 3), on(machine)._IOWR(0x94, 5, 8), on(machine)._IOC(1, 2, 3, 4)) for machine in "x86_64 alpha mips mips64 ppc ppc64 sparc64 parisc parisc64 parisc32 weird".split()]
[(machine, dict(signals)) for machine, signals in sorted(on("x86_64").SIGNALS_BY_MACHINE_NAME.items())]
[(machine, dict(flags)) for machine, flags in sorted(on("x86_64").SIGACTION_FLAGS_BY_MACHINE_NAME.items())]
