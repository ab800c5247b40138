package machine

// X86Untold is x86Untold, for tests that open a kernel.
var X86Untold = x86Untold
