// Thread-local variables in split DWARF, so many of them that their addresses in the file are less than their size, too.
__thread int first = 11, second = 22;
static __thread long own = 77;
__thread char large[0x4000];
__thread int last;

int *use(void) { own++; return &first; }
