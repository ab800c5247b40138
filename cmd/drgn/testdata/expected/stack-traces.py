for task in for_each_task(prog):
    print("Call stack for PID", task.pid.value_())
    try:
        print(prog.stack_trace(task))
    except ValueError as e:
        print(e)
    print()
