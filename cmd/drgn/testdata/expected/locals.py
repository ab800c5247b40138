for pid in 1, 2, 33:
    trace = prog.stack_trace(pid)
    for i, frame in enumerate(trace):
        print(pid, i, frame.name, frame.is_inline, hex(frame.pc))
        for name in frame.locals():
            print(f"    {name} = {trace[i][name].format_(dereference=False)}")
