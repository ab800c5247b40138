import enum
from typing import ClassVar, Iterator, List, Sequence, Tuple, Union, overload

from drgn import IntegerLike, Object, Program, StackFrame

class StackKind(enum.Enum):
    USER = 1
    TASK = 2
    IRQ = 3
    SOFTIRQ = 4
    NMI = 5
    EXCEPTION = 6
    UNKNOWN = 7

class StackSegment:
    __match_args__: ClassVar[Tuple[str, ...]]
    kind: StackKind
    frames: Sequence[StackFrame]
    def __init__(self, kind: StackKind, frames: Sequence[StackFrame]) -> None: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int) -> StackFrame: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[StackFrame]: ...
    def __iter__(self) -> Iterator[StackFrame]: ...

class LinuxKernelStack:
    __match_args__: ClassVar[Tuple[str, ...]]
    prog: Program
    segments: List[StackSegment]
    def __init__(self, prog: Program, segments: List[StackSegment]) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> StackFrame: ...
    def __iter__(self) -> Iterator[StackFrame]: ...

@overload
def kernel_stack_trace(prog: Program, task_arg: Union[Object, IntegerLike]) -> LinuxKernelStack: ...
@overload
def kernel_stack_trace(task_arg: Union[Object, IntegerLike]) -> LinuxKernelStack: ...
