for pid in 1, 2:
    print("#", pid)
    print_annotated_stack(prog.stack_trace(pid))
