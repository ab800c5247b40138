"""The first answer: what is paid before anything else can be done."""

print(prog["init_task"].comm.string_().decode())
