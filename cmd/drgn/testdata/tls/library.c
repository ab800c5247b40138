// Built twice: as a library that is there from the start, and as one that is loaded later.
__thread long NAME(first) = 1;
static __thread struct { int a, b; } NAME(pair) = {2, 3};
__thread char NAME(zeros)[70000]; // too large for the surplus of static blocks
void *NAME(address)(int which) { return which == 0 ? (void *)&NAME(first) : which == 1 ? (void *)&NAME(pair) : (void *)NAME(zeros); }
