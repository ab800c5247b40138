for name in ("schedule", "__schedule", "init_task", "ret_from_fork_asm", "entry_SYSCALL_64", "_stext", "_etext", "linux_banner",
             "jiffies", "do_exit"):
    print(prog.symbol(name))
start = prog.symbol("__schedule").address
for offset in 0, 1, 0x10, 0x123:
    print(hex(start + offset), prog.symbol(start + offset).name, prog.source_location(start + offset))
