// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * crash is a module that brings its kernel down. Usage: insmod crash.ko, then write the name of a way
 * to /sys/module/crash/parameters/now. One way is taken while the module is loaded: insmod crash.ko now=init.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/objtool.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

/* What the compiler must not know. */
static volatile int never;
static void (*volatile nowhere)(void);
static volatile unsigned long no_stack = 0xffffed0000000000;
static char no_code[64] = "data";
static void (*volatile astray)(void) = (void (*)(void))no_code;

static noinline int lab_null_write(void)
{
	*(volatile int *)NULL = 1;
	return never;
}

static noinline int lab_null_call(void)
{
	nowhere();
	return never;
}

static noinline int lab_wild_call(void)
{
	astray();
	return never;
}

static noinline int lab_bug(void)
{
	BUG_ON(!never);
	return never;
}

/* Recurses until the stack is full. */
static noinline int lab_overflow(int depth)
{
	volatile char full[500];

	full[depth % sizeof full] = depth;
	if (never > depth)
		return 0;
	return lab_overflow(depth + 1) + full[never];
}

/* An exception for which there is no stack to go to is a double fault. */
static noinline int lab_double_fault(void)
{
	asm volatile("mov %0, %%rsp; push $0" : : "r"(no_stack) : "memory");
	return never;
}

STACK_FRAME_NON_STANDARD(lab_double_fault);

/* Loops, for the CPU to be interrupted here. */
static noinline int lab_spin(void)
{
	while (!never)
		cpu_relax();
	return never;
}

/* Loops with interrupts off: only an NMI comes through. */
static int lab_hang(void)
{
	pr_emerg("lab: hanging\n");
	local_irq_disable();
	return lab_spin();
}

static void lab_on_timer(struct timer_list *unused)
{
	lab_null_write();
}

static struct timer_list timer;

static int lab_softirq(void)
{
	timer_setup(&timer, lab_on_timer, 0);
	mod_timer(&timer, jiffies + HZ / 10);
	return lab_spin();
}

static void lab_on_irq(struct irq_work *unused)
{
	lab_null_call();
}

static struct irq_work in_irq;

static int lab_hardirq(void)
{
	init_irq_work(&in_irq, lab_on_irq);
	irq_work_queue(&in_irq);
	return lab_spin();
}

/* Waits for what crashes elsewhere. */
static int lab_wait(void)
{
	while (!never)
		msleep(1000);
	return never;
}

static void lab_on_work(struct work_struct *unused)
{
	lab_bug();
}

static DECLARE_WORK(work, lab_on_work);

static int lab_work(void)
{
	schedule_work(&work);
	return lab_wait();
}

static int lab_on_thread(void *unused)
{
	return lab_null_call();
}

static int lab_thread(void)
{
	kthread_run(lab_on_thread, NULL, "lab-thread");
	return lab_wait();
}

static DEFINE_SPINLOCK(held);
static DEFINE_SPINLOCK(wanted);
static volatile int holding;

static noinline int lab_want(void)
{
	spin_lock(&wanted);
	spin_unlock(&wanted);
	return never;
}

/* Holds a lock, with interrupts off, and waits for another one, for ever. */
static int lab_holder(void *unused)
{
	unsigned long flags;
	int got;

	spin_lock_irqsave(&held, flags);
	holding = 1;
	got = lab_want();
	spin_unlock_irqrestore(&held, flags);
	return got;
}

static int lab_lock(void)
{
	struct task_struct *holder = kthread_create(lab_holder, NULL, "lab-holder");

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	kthread_bind(holder, 1);
	set_cpus_allowed_ptr(current, cpumask_of(0));
	spin_lock(&wanted);
	wake_up_process(holder);
	while (!holding)
		cpu_relax();
	mdelay(100);
	return lab_bug();
}

static DEFINE_MUTEX(lab_first);
static DEFINE_MUTEX(lab_second);
static DECLARE_RWSEM(lab_rwsem);
static struct semaphore lab_semaphore;
static DECLARE_COMPLETION(lab_completion);

static int lab_on_ab(void *unused)
{
	mutex_lock(&lab_first);
	msleep(500);
	mutex_lock(&lab_second);
	return never;
}

static int lab_on_ba(void *unused)
{
	mutex_lock(&lab_second);
	msleep(500);
	mutex_lock(&lab_first);
	return never;
}

static int lab_on_mutex(void *unused)
{
	msleep(1000);
	mutex_lock(&lab_first);
	return never;
}

static int lab_on_writer(void *unused)
{
	down_write(&lab_rwsem);
	wait_for_completion(&lab_completion);
	return never;
}

static int lab_on_reader(void *unused)
{
	msleep(500);
	down_read(&lab_rwsem);
	return never;
}

static int lab_on_semaphore(void *unused)
{
	down(&lab_semaphore);
	return never;
}

/* Two threads wait for each other's mutex, a third for one of them; a reader waits for a writer, which waits for a completion. */
static int lab_deadlock(void)
{
	sema_init(&lab_semaphore, 0);
	kthread_run(lab_on_ab, NULL, "lab-ab");
	kthread_run(lab_on_ba, NULL, "lab-ba");
	kthread_run(lab_on_mutex, NULL, "lab-mutex");
	kthread_run(lab_on_writer, NULL, "lab-writer");
	kthread_run(lab_on_reader, NULL, "lab-reader");
	kthread_run(lab_on_semaphore, NULL, "lab-semaphore");
	return lab_wait();
}

/* What leaks: objects that nobody frees. */
struct lab_leaked {
	struct lab_leaked *next;
	void (*release)(struct lab_leaked *);
	char rest[240];
};

static struct lab_leaked *lab_all_leaked;

static void lab_release(struct lab_leaked *unused)
{
}

static void lab_construct(void *object)
{
	memset(object, 0, sizeof(struct lab_leaked));
}

static noinline struct lab_leaked *lab_leak(struct kmem_cache *from)
{
	struct lab_leaked *object = kmem_cache_alloc(from, GFP_KERNEL);

	if (object) {
		object->next = lab_all_leaked;
		object->release = lab_release;
		lab_all_leaked = object;
	}
	return object;
}

/* Takes objects until there is no memory left. */
static int lab_leak_all(slab_flags_t flags)
{
	struct kmem_cache *cache = kmem_cache_create("lab_leaked", sizeof(struct lab_leaked), 0, flags, lab_construct);

	if (!cache)
		return -ENOMEM;
	while (lab_leak(cache))
		cond_resched();
	return lab_wait();
}

static int lab_slab_leak(void)
{
	return lab_leak_all(0);
}

/* The same, with a record of who took each, and with room around it. */
static int lab_slab_track(void)
{
	return lab_leak_all(SLAB_STORE_USER | SLAB_RED_ZONE);
}

/* An instruction of five bytes, which an optimized probe replaces by a jump. */
extern unsigned char lab_here[];

static noinline int lab_probed(void)
{
	asm volatile(".globl lab_here\nlab_here: movl $1, %%eax" : : : "eax");
	return never;
}

static int lab_on_probe(struct kprobe *unused, struct pt_regs *regs)
{
	panic("lab: in a probe");
}

static struct kprobe probe = { .pre_handler = lab_on_probe };

static int lab_probe(void)
{
	int err;

	probe.addr = lab_here;
	err = register_kprobe(&probe);
	if (err)
		return err;
	msleep(1000); /* until it is optimized */
	return lab_probed();
}

static int lab_overflow_all(void)
{
	return lab_overflow(0);
}

static const struct {
	const char *name;
	int (*crash)(void);
} ways[] = {
	{ "null-write", lab_null_write },
	{ "null-call", lab_null_call },
	{ "wild-call", lab_wild_call },
	{ "bug", lab_bug },
	{ "overflow", lab_overflow_all },
	{ "double-fault", lab_double_fault },
	{ "softirq", lab_softirq },
	{ "hardirq", lab_hardirq },
	{ "work", lab_work },
	{ "thread", lab_thread },
	{ "lock", lab_lock },
	{ "hang", lab_hang },
	{ "deadlock", lab_deadlock },
	{ "probe", lab_probe },
	{ "slab-leak", lab_slab_leak },
	{ "slab-track", lab_slab_track },
};

static bool while_loading;

static int lab_now(const char *name, const struct kernel_param *unused)
{
	int i;

	while_loading = sysfs_streq(name, "init");
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (sysfs_streq(name, ways[i].name))
			return ways[i].crash();
	return while_loading ? 0 : -EINVAL;
}

static const struct kernel_param_ops now_ops = { .set = lab_now };
module_param_cb(now, &now_ops, NULL, 0200);

static int __init lab_init(void)
{
	return while_loading ? lab_null_write() : 0;
}

static void __exit lab_exit(void)
{
}

module_init(lab_init);
module_exit(lab_exit);
MODULE_DESCRIPTION("Brings its kernel down");
MODULE_LICENSE("GPL");
