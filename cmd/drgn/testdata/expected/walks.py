print("vmas of 1")
for vma in for_each_vma(find_task(prog, 1).mm):
    print(hex(vma.vm_start), hex(vma.vm_end), vma_name(vma))
print("files of 33")
for fd, file in for_each_file(find_task(prog, 33)):
    print(fd, d_path(file.f_path))
print("mounts")
for mnt in for_each_mount(prog):
    print(mount_src(mnt), mount_dst(mnt), mount_fstype(mnt))
print("pids idr")
print([nr for nr, _ in idr_for_each(prog["init_pid_ns"].idr.address_of_())])
print("rbtree vmap")
print(sum(1 for _ in for_each_vmap_area(prog)))
print("slab")
for cache in for_each_slab_cache(prog):
    print(cache.name.string_().decode(), cache.object_size.value_(), cache.size.value_())
print("cgroups")
for css in css_for_each_descendant_pre(prog["cgrp_dfl_root"].cgrp.self.address_of_()):
    print(cgroup_path(css.cgroup))
print("irqs/ipc")
for msq in for_each_sysv_msg_queue(prog):
    print("msq", hex(msq.q_perm.key))
for shm in for_each_sysv_shm(prog):
    print("shm", hex(shm.shm_perm.key), shm.shm_segsz.value_())
print("virt/phys")
address = prog["init_task"].address_
print(hex(address), hex(virt_to_phys(prog, address)))
print("loadavg", loadavg(prog))
print("uptime", uptime(prog))
