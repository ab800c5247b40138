for task in for_each_task(prog):
    print(task.pid.value_(), task.tgid.value_(), task.comm.string_().decode(), task_state_to_char(task), task_cpu(task), hex(task.value_()))
