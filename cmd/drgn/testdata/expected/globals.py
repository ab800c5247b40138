NAMES = """
jiffies
init_task
init_mm
init_pid_ns
init_user_ns
init_uts_ns
modules
slab_caches
cpu_online_mask
__cpu_online_mask
__per_cpu_offset
runqueues
nr_cpu_ids
page_offset_base
vmalloc_base
vmemmap_base
saved_command_line
linux_banner
current_task
pcpu_hot
system_state
totalram_pages
_totalram_pages
root_cpuacct
init_files
init_fs
init_css_set
cgrp_dfl_root
super_blocks
file_systems
tainted_mask
panic_timeout
idr_empty
kernel_config_data
"""

for name in NAMES.split():
    print("##", name)
    try:
        print(prog[name])
    except KeyError as e:
        print("KeyError:", e)
    except FaultError as e:
        print("FaultError:", e)
