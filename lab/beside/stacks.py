"""Stacks of all threads: frames with their names, places, registers and variables."""

from beside import answer


def source(frame):
    try:
        return frame.source()
    except LookupError:
        return None


def variable(frame, name):
    o = frame[name]
    if o.absent_:
        return o.type_.type_name(), "absent"
    return o.type_.type_name(), o.address_, o.format_(dereference=False)


answer("threads", "all", lambda: sorted(t.tid for t in prog.threads()))
for thread in prog.threads():
    try:
        trace = thread.stack_trace()
    except Exception as e:
        answer("trace", str(thread.tid), lambda: f"{type(e).__name__}: {e}")
        continue
    # What lies behind a frame of user space is the process's own affair, and mostly not in the dump.
    frames = list(trace)
    user = next((i for i, frame in enumerate(frames) if frame.pc >> 63 == 0), len(frames))
    frames = frames[: user + 1]
    answer("thread", str(thread.tid), lambda: (thread.name, len(frames), [str(frame) for frame in frames]))
    for i, frame in enumerate(frames):
        where = f"{thread.tid} #{i}"
        answer("name", where, lambda: (frame.name, frame.function_name, frame.is_inline, frame.interrupted))
        answer("place", where, lambda: (frame.pc, frame.sp, source(frame)))
        answer("symbol", where, lambda: frame.symbol())
        answer("registers", where, lambda: sorted(frame.registers().items()))
        answer("locals", where, frame.locals)
        answer("text", where, lambda: str(frame))
        try:
            names = frame.locals()
        except Exception:
            names = []
        for name in names:
            answer("variable", f"{where} {name}", lambda: variable(frame, name))
