// Text and slices of Rust, borrowed and owned.
#![no_std]
#![no_main]
#![allow(dead_code)]
extern crate alloc;
use alloc::{boxed::Box, string::String, vec::Vec};
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

struct Bump;
static mut HEAP: [u64; 512] = [0; 512];
static USED: AtomicUsize = AtomicUsize::new(0);
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        let words = (l.size() + 7) / 8;
        let at = USED.fetch_add(words, Ordering::Relaxed);
        if at + words > 512 { return core::ptr::null_mut(); }
        unsafe { (&raw mut HEAP as *mut u64).add(at) as *mut u8 }
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) { }
}
#[global_allocator] static ALLOCATOR: Bump = Bump;

pub struct Point { x: i32, y: i32 }
pub struct Node { name: &'static str, next: &'static [Node] }
pub trait Speaks { fn speak(&self) -> u8; }
impl Speaks for Point { fn speak(&self) -> u8 { self.x as u8 } }

#[used] static TEXT: &str = "plain \"text\"\n";
#[used] static EMPTY: &str = "";
#[used] static BYTES: &[u8] = &[1, 2, 255];
#[used] static POINTS: &[Point] = &[Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
#[used] static NAMES: [&str; 2] = ["one", "two"];
#[used] static PARTS: &[&[i16]] = &[&[1, 2], &[], &[-3]];
#[used] static LONG: &[u16] = &[7; 200];
#[used] static ROUND: [Node; 2] = [Node { name: "a", next: &ROUND }, Node { name: "b", next: &[] }];
#[used] static OBJECT: &(dyn Speaks + Sync) = &Point { x: 1, y: 2 };

#[inline(never)]
fn crash(borrowed: &str, list: &[u32], owned: &String, numbers: &Vec<u32>) -> ! {
    let string: String = core::hint::black_box(String::from("owned"));
    let vec: Vec<Point> = core::hint::black_box(Vec::from([Point { x: 5, y: 6 }]));
    let boxed: Box<str> = core::hint::black_box(Box::from("boxed"));
    let none: Vec<u64> = core::hint::black_box(Vec::new());
    core::hint::black_box((&string, &vec, &boxed, &none, borrowed, list, owned, numbers));
    unsafe { core::arch::asm!("ud2", options(noreturn)) }
}

#[no_mangle]
pub extern "C" fn _start() -> ! {
    let s = core::hint::black_box(String::from("argument"));
    let v = core::hint::black_box(Vec::from([10u32, 20]));
    crash(core::hint::black_box(TEXT), core::hint::black_box(&[1, 2, 3]), &s, &v)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
#[no_mangle] pub extern "C" fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    for i in 0..n { unsafe { core::ptr::write_volatile(to.add(i), core::ptr::read_volatile(from.add(i))) } }
    to
}
#[no_mangle] pub extern "C" fn memset(to: *mut u8, c: i32, n: usize) -> *mut u8 {
    for i in 0..n { unsafe { core::ptr::write_volatile(to.add(i), c as u8) } }
    to
}
#[no_mangle] pub extern "C" fn memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8 { memcpy(to, from, n) }
#[no_mangle] pub extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 { let _ = (a, b, n); 0 }
#[no_mangle] pub extern "C" fn bcmp(a: *const u8, b: *const u8, n: usize) -> i32 { memcmp(a, b, n) }
#[no_mangle] pub extern "C" fn rust_eh_personality() { }
#[no_mangle] pub extern "C" fn _Unwind_Resume() { }
