"""Tasks that wait in uninterruptible sleep, grouped by what they wait in."""

import collections
import sys
from typing import DefaultDict, Iterator, List, Tuple

from drgn import Object, Program, StackTrace
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import task_since_last_arrival_ns, task_state_to_char


def blocked(prog: Program) -> Iterator[Tuple[Object, StackTrace]]:
    for task in for_each_task(prog):
        if task_state_to_char(task) == "D":
            try:
                yield task, prog.stack_trace(task)
            except ValueError as e:
                print(f"{task.pid.value_()}: {e}", file=sys.stderr)


def main(prog: Program) -> int:
    groups: DefaultDict[Tuple[str, ...], List[Object]] = collections.defaultdict(list)
    for task, trace in blocked(prog):
        groups[tuple(frame.name for frame in trace)].append(task)
    for names, tasks in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(len(tasks), "tasks:", ", ".join(str(task.pid.value_()) for task in tasks))
        print("longest:", max(task_since_last_arrival_ns(task) for task in tasks) // 1_000_000, "ms")
        for name in names:
            print("   ", name)
    return len(groups)


if __name__ == "__main__":
    from drgn import get_default_prog

    main(get_default_prog())
