NAMES = """struct task_struct
struct list_head
struct hlist_node
struct rb_node
struct page
struct mm_struct
struct vm_area_struct
struct maple_tree
struct maple_node
struct xarray
struct kmem_cache
struct slab
struct zone
struct file
struct dentry
struct inode
struct super_block
struct mount
struct cgroup
struct pid
struct nsproxy
struct rq
struct cfs_rq
struct module
struct kobject
union sigval
enum pid_type
atomic_t
pid_t
size_t
struct sk_buff
struct thread_struct
struct pt_regs
struct file_operations
spinlock_t
struct timer_list
struct work_struct
struct irq_desc
struct signal_struct
struct plist_head
struct llist_head
struct radix_tree_root
gfp_t
struct fred_cs
struct desc_struct
"""

for name in NAMES.splitlines():
    print("##", name)
    try:
        type = prog.type(name)
    except LookupError as e:
        print("LookupError:", e)
        continue
    print(type)
    print("size", sizeof(type))
