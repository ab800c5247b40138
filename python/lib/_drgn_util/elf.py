"""Numbers of the format ELF by their names in elf.h, without the prefix that the class is named for."""

import enum

__all__ = ("AT", "ET", "NT", "PT", "SHF", "SHN", "SHT", "STB", "STT", "STV")


class AT(enum.IntEnum):
    """Entries of the auxiliary vector (include/uapi/linux/auxvec.h)."""

    NULL = 0
    IGNORE = 1
    EXECFD = 2
    PHDR = 3
    PHENT = 4
    PHNUM = 5
    PAGESZ = 6
    BASE = 7
    FLAGS = 8
    ENTRY = 9
    NOTELF = 0xa
    UID = 0xb
    EUID = 0xc
    GID = 0xd
    EGID = 0xe
    CLKTCK = 0x11
    PLATFORM = 0xf
    HWCAP = 0x10
    FPUCW = 0x12
    DCACHEBSIZE = 0x13
    ICACHEBSIZE = 0x14
    UCACHEBSIZE = 0x15
    IGNOREPPC = 0x16
    SECURE = 0x17
    BASE_PLATFORM = 0x18
    RANDOM = 0x19
    HWCAP2 = 0x1a
    RSEQ_FEATURE_SIZE = 0x1b
    RSEQ_ALIGN = 0x1c
    HWCAP3 = 0x1d
    HWCAP4 = 0x1e
    EXECFN = 0x1f
    SYSINFO = 0x20
    SYSINFO_EHDR = 0x21
    L1I_CACHESHAPE = 0x22
    L1D_CACHESHAPE = 0x23
    L2_CACHESHAPE = 0x24
    L3_CACHESHAPE = 0x25
    L1I_CACHESIZE = 0x28
    L1I_CACHEGEOMETRY = 0x29
    L1D_CACHESIZE = 0x2a
    L1D_CACHEGEOMETRY = 0x2b
    L2_CACHESIZE = 0x2c
    L2_CACHEGEOMETRY = 0x2d
    L3_CACHESIZE = 0x2e
    L3_CACHEGEOMETRY = 0x2f
    MINSIGSTKSZ = 0x33


class ET(enum.IntEnum):
    """Types of files."""

    NONE = 0
    REL = 1
    EXEC = 2
    DYN = 3
    CORE = 4
    NUM = 5
    LOOS = 0xfe00
    HIOS = 0xfeff
    LOPROC = 0xff00
    HIPROC = 0xffff


class NT(enum.IntEnum):
    """Types of notes, of the owners CORE, LINUX and GNU (include/uapi/linux/elf.h)."""

    PRSTATUS = 1
    PRFPREG = 2
    FPREGSET = 2
    PRPSINFO = 3
    PRXREG = 4
    TASKSTRUCT = 4
    PLATFORM = 5
    AUXV = 6
    GWINDOWS = 7
    ASRS = 8
    PSTATUS = 0xa
    PSINFO = 0xd
    PRCRED = 0xe
    UTSNAME = 0xf
    LWPSTATUS = 0x10
    LWPSINFO = 0x11
    PRFPXREG = 0x14
    SIGINFO = 0x53494749
    FILE = 0x46494c45
    PRXFPREG = 0x46e62b7f
    PPC_VMX = 0x100
    PPC_SPE = 0x101
    PPC_VSX = 0x102
    PPC_TAR = 0x103
    PPC_PPR = 0x104
    PPC_DSCR = 0x105
    PPC_EBB = 0x106
    PPC_PMU = 0x107
    PPC_TM_CGPR = 0x108
    PPC_TM_CFPR = 0x109
    PPC_TM_CVMX = 0x10a
    PPC_TM_CVSX = 0x10b
    PPC_TM_SPR = 0x10c
    PPC_TM_CTAR = 0x10d
    PPC_TM_CPPR = 0x10e
    PPC_TM_CDSCR = 0x10f
    PPC_PKEY = 0x110
    PPC_DEXCR = 0x111
    PPC_HASHKEYR = 0x112
    _386_TLS = 0x200
    _386_IOPERM = 0x201
    X86_XSTATE = 0x202
    X86_SHSTK = 0x204
    S390_HIGH_GPRS = 0x300
    S390_TIMER = 0x301
    S390_TODCMP = 0x302
    S390_TODPREG = 0x303
    S390_CTRS = 0x304
    S390_PREFIX = 0x305
    S390_LAST_BREAK = 0x306
    S390_SYSTEM_CALL = 0x307
    S390_TDB = 0x308
    S390_VXRS_LOW = 0x309
    S390_VXRS_HIGH = 0x30a
    S390_GS_CB = 0x30b
    S390_GS_BC = 0x30c
    S390_RI_CB = 0x30d
    S390_PV_CPU_DATA = 0x30e
    ARM_VFP = 0x400
    ARM_TLS = 0x401
    ARM_HW_BREAK = 0x402
    ARM_HW_WATCH = 0x403
    ARM_SYSTEM_CALL = 0x404
    ARM_SVE = 0x405
    ARM_PAC_MASK = 0x406
    ARM_PACA_KEYS = 0x407
    ARM_PACG_KEYS = 0x408
    ARM_TAGGED_ADDR_CTRL = 0x409
    ARM_PAC_ENABLED_KEYS = 0x40a
    VMCOREDD = 0x700
    MIPS_DSP = 0x800
    MIPS_FP_MODE = 0x801
    MIPS_MSA = 0x802
    RISCV_CSR = 0x900
    RISCV_VECTOR = 0x901
    LOONGARCH_CPUCFG = 0xa00
    LOONGARCH_CSR = 0xa01
    LOONGARCH_LSX = 0xa02
    LOONGARCH_LASX = 0xa03
    LOONGARCH_LBT = 0xa04
    LOONGARCH_HW_BREAK = 0xa05
    LOONGARCH_HW_WATCH = 0xa06
    VERSION = 1
    GNU_ABI_TAG = 1
    GNU_HWCAP = 2
    GNU_BUILD_ID = 3
    GNU_GOLD_VERSION = 4
    GNU_PROPERTY_TYPE_0 = 5
    FDO_PACKAGING_METADATA = 0xcafe1a7e


class PT(enum.IntEnum):
    """Types of segments."""

    NULL = 0
    LOAD = 1
    DYNAMIC = 2
    INTERP = 3
    NOTE = 4
    SHLIB = 5
    PHDR = 6
    TLS = 7
    NUM = 8
    LOOS = 0x60000000
    GNU_EH_FRAME = 0x6474e550
    GNU_STACK = 0x6474e551
    GNU_RELRO = 0x6474e552
    GNU_PROPERTY = 0x6474e553
    GNU_SFRAME = 0x6474e554
    LOSUNW = 0x6ffffffa
    SUNWBSS = 0x6ffffffa
    SUNWSTACK = 0x6ffffffb
    HISUNW = 0x6fffffff
    HIOS = 0x6fffffff
    LOPROC = 0x70000000
    HIPROC = 0x7fffffff
    MIPS_REGINFO = 0x70000000
    MIPS_RTPROC = 0x70000001
    MIPS_OPTIONS = 0x70000002
    MIPS_ABIFLAGS = 0x70000003
    PARISC_ARCHEXT = 0x70000000
    PARISC_UNWIND = 0x70000001


class SHF(enum.IntFlag):
    """Flags of sections."""

    WRITE = 1
    ALLOC = 2
    EXECINSTR = 4
    MERGE = 0x10
    STRINGS = 0x20
    INFO_LINK = 0x40
    LINK_ORDER = 0x80
    OS_NONCONFORMING = 0x100
    GROUP = 0x200
    TLS = 0x400
    COMPRESSED = 0x800
    MASKOS = 0xff00000
    MASKPROC = 0xf0000000
    GNU_RETAIN = 0x200000
    ORDERED = 0x40000000
    EXCLUDE = 0x80000000
    MIPS_GPREL = 0x10000000
    MIPS_MERGE = 0x20000000
    MIPS_ADDR = 0x40000000
    MIPS_STRINGS = 0x80000000
    MIPS_NOSTRIP = 0x8000000
    MIPS_LOCAL = 0x4000000
    MIPS_NAMES = 0x2000000
    MIPS_NODUPE = 0x1000000
    PARISC_SHORT = 0x20000000
    PARISC_HUGE = 0x40000000
    PARISC_SBP = 0x80000000
    ALPHA_GPREL = 0x10000000
    ARM_ENTRYSECT = 0x10000000
    ARM_COMDEF = 0x80000000
    IA_64_SHORT = 0x10000000
    IA_64_NORECOV = 0x20000000


class SHN(enum.IntEnum):
    """Numbers of sections with a meaning of their own."""

    UNDEF = 0
    LORESERVE = 0xff00
    LOPROC = 0xff00
    BEFORE = 0xff00
    AFTER = 0xff01
    HIPROC = 0xff1f
    LOOS = 0xff20
    HIOS = 0xff3f
    ABS = 0xfff1
    COMMON = 0xfff2
    XINDEX = 0xffff
    HIRESERVE = 0xffff
    MIPS_ACOMMON = 0xff00
    MIPS_TEXT = 0xff01
    MIPS_DATA = 0xff02
    MIPS_SCOMMON = 0xff03
    MIPS_SUNDEFINED = 0xff04
    PARISC_ANSI_COMMON = 0xff00
    PARISC_HUGE_COMMON = 0xff01


class SHT(enum.IntEnum):
    """Types of sections."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    HASH = 5
    DYNAMIC = 6
    NOTE = 7
    NOBITS = 8
    REL = 9
    SHLIB = 0xa
    DYNSYM = 0xb
    INIT_ARRAY = 0xe
    FINI_ARRAY = 0xf
    PREINIT_ARRAY = 0x10
    GROUP = 0x11
    SYMTAB_SHNDX = 0x12
    RELR = 0x13
    NUM = 0x14
    LOOS = 0x60000000
    GNU_ATTRIBUTES = 0x6ffffff5
    GNU_HASH = 0x6ffffff6
    GNU_LIBLIST = 0x6ffffff7
    CHECKSUM = 0x6ffffff8
    LOSUNW = 0x6ffffffa
    SUNW_move = 0x6ffffffa
    SUNW_COMDAT = 0x6ffffffb
    SUNW_syminfo = 0x6ffffffc
    GNU_verdef = 0x6ffffffd
    GNU_verneed = 0x6ffffffe
    GNU_versym = 0x6fffffff
    HISUNW = 0x6fffffff
    HIOS = 0x6fffffff
    LOPROC = 0x70000000
    HIPROC = 0x7fffffff
    LOUSER = 0x80000000
    HIUSER = 0x8fffffff
    MIPS_LIBLIST = 0x70000000
    MIPS_MSYM = 0x70000001
    MIPS_CONFLICT = 0x70000002
    MIPS_GPTAB = 0x70000003
    MIPS_UCODE = 0x70000004
    MIPS_DEBUG = 0x70000005
    MIPS_REGINFO = 0x70000006
    MIPS_PACKAGE = 0x70000007
    MIPS_PACKSYM = 0x70000008
    MIPS_RELD = 0x70000009
    MIPS_IFACE = 0x7000000b
    MIPS_CONTENT = 0x7000000c
    MIPS_OPTIONS = 0x7000000d
    MIPS_SHDR = 0x70000010
    MIPS_FDESC = 0x70000011
    MIPS_EXTSYM = 0x70000012
    MIPS_DENSE = 0x70000013
    MIPS_PDESC = 0x70000014
    MIPS_LOCSYM = 0x70000015
    MIPS_AUXSYM = 0x70000016
    MIPS_OPTSYM = 0x70000017
    MIPS_LOCSTR = 0x70000018
    MIPS_LINE = 0x70000019
    MIPS_RFDESC = 0x7000001a
    MIPS_DELTASYM = 0x7000001b
    MIPS_DELTAINST = 0x7000001c
    MIPS_DELTACLASS = 0x7000001d
    MIPS_DWARF = 0x7000001e
    MIPS_DELTADECL = 0x7000001f
    MIPS_SYMBOL_LIB = 0x70000020
    MIPS_EVENTS = 0x70000021
    MIPS_TRANSLATE = 0x70000022
    MIPS_PIXIE = 0x70000023
    MIPS_XLATE = 0x70000024
    MIPS_XLATE_DEBUG = 0x70000025
    MIPS_WHIRL = 0x70000026
    MIPS_EH_REGION = 0x70000027
    MIPS_XLATE_OLD = 0x70000028
    MIPS_PDR_EXCEPTION = 0x70000029
    MIPS_ABIFLAGS = 0x7000002a
    MIPS_XHASH = 0x7000002b
    PARISC_EXT = 0x70000000
    PARISC_UNWIND = 0x70000001
    PARISC_DOC = 0x70000002
    ALPHA_DEBUG = 0x70000001
    ALPHA_REGINFO = 0x70000002
    X86_64_UNWIND = 0x70000001


class STB(enum.IntEnum):
    """Bindings of symbols."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2
    NUM = 3
    LOOS = 0xa
    GNU_UNIQUE = 0xa
    HIOS = 0xc
    LOPROC = 0xd
    HIPROC = 0xf
    MIPS_SPLIT_COMMON = 0xd


class STT(enum.IntEnum):
    """Types of symbols."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6
    NUM = 7
    LOOS = 0xa
    GNU_IFUNC = 0xa
    HIOS = 0xc
    LOPROC = 0xd
    HIPROC = 0xf
    SPARC_REGISTER = 0xd
    PARISC_MILLICODE = 0xd


class STV(enum.IntEnum):
    """Visibilities of symbols."""

    DEFAULT = 0
    INTERNAL = 1
    HIDDEN = 2
    PROTECTED = 3
