"""What drgn.helpers.linux.stack makes of a stack trace."""

import enum

from drgn._functions import names_for_annotations
from drgn.helpers._record import Record
from drgn.helpers.common.prog import takes_program_or_default
from drgn.helpers.linux.pid import find_task
from drgn.helpers.linux.stack import _kind_at

import drgn

names_for_annotations(globals())

__all__ = ("LinuxKernelStack", "StackKind", "StackSegment", "kernel_stack_trace")


class StackKind(enum.Enum):
    """What a part of a stack trace runs on."""

    USER = 1
    """The process, in user mode."""
    TASK = 2
    """The task's own stack in the kernel."""
    IRQ = 3
    """A CPU's stack for interrupts, and on most machines for soft interrupts."""
    SOFTIRQ = 4
    """A CPU's stack for soft interrupts, where those have one."""
    NMI = 5
    """A CPU's stack for interrupts that can't be masked."""
    EXCEPTION = 6
    """A CPU's stack for one of its exceptions."""
    UNKNOWN = 7
    """None of these."""


class StackSegment(Record):
    """A run of the frames of a stack trace in one context: what was interrupted begins another one."""

    kind: StackKind
    frames: Sequence[drgn.StackFrame]
    __match_args__ = ("kind", "frames")
    _frozen = True

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, key):
        return self.frames[key]

    def __iter__(self):
        return iter(self.frames)


class LinuxKernelStack(Record):
    """A stack trace of the kernel in segments, the innermost first. Its elements are the frames of all of them."""

    prog: drgn.Program
    segments: Sequence[StackSegment]
    __match_args__ = ("prog", "segments")
    _frozen = True

    def __len__(self):
        return sum(map(len, self.segments))

    def __getitem__(self, index):
        frames = [frame for segment in self.segments for frame in segment]
        if not -len(frames) <= index < len(frames):
            raise IndexError("index out of range")
        return frames[index]

    def __iter__(self):
        for segment in self.segments:
            yield from segment

    def __str__(self):
        lines, number = [], 0
        for segment in self.segments:
            for frame in segment:
                line = f"#{number:<2} {frame.name}"
                try:
                    file, at, column = frame.source()
                except LookupError:
                    pass
                else:
                    line += f" ({file}:{at}:{column})"
                lines.append(line)
                number += 1
            lines.append(f"  --- end {segment.kind.name} stack ---")
        return "\n".join(lines)


@takes_program_or_default
def kernel_stack_trace(prog: Program, task_arg: Union[Object, IntegerLike]) -> LinuxKernelStack:
    """Return the stack trace of a task as a LinuxKernelStack: in segments, each with what it runs on.

    prog is the default program when it is left out; task_arg is a struct task_struct * or the number of a thread. What can't be
    told of a kernel or a machine is StackKind.UNKNOWN.
    """
    task = task_arg
    if isinstance(task, drgn.Object) and task.type_.unaliased_kind() not in (drgn.TypeKind.POINTER, drgn.TypeKind.INT):
        raise TypeError("expected struct task_struct *, or int (pid)")
    trace = prog.stack_trace(task)
    if not isinstance(task, drgn.Object) or task.type_.unaliased_kind() == drgn.TypeKind.INT:
        task = find_task(prog, task)
    segments = []
    inlined = False
    for frame in trace:
        if not segments or (frame.interrupted and not inlined):
            try:
                kind = StackKind(_kind_at(task, frame.sp))
            except LookupError:  # the stack pointer is not known
                kind = StackKind.UNKNOWN
            segments.append(StackSegment(kind, []))
        segments[-1].frames.append(frame)
        inlined = frame.is_inline
    return LinuxKernelStack(prog, segments)
