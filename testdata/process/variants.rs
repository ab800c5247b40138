// Enums of Rust in every way in which the compiler lays them out.
#![no_std]
#![no_main]
#![allow(dead_code)]
use core::cmp::Ordering;
use core::num::NonZeroU16;

pub struct Point { x: i32, y: i32 }
pub enum Shape { Empty, Circle(f64), Rect { w: u32, h: u32 }, Nested(Option<&'static Shape>) }
#[repr(i8)] pub enum Signed { Low(u8) = -128, Minus { a: u16 } = -1, Zero = 0, High(u32) = 127 }
#[repr(C)] pub enum Flat { First(u8), Second(u64) }
#[repr(u64)] pub enum Wide { Small(u8) = 1, Big(u16) = 0xffff_ffff_ffff_fffe }
pub enum Only { One(i16, i16) }
pub enum Never { }
#[repr(u8)] #[derive(Clone, Copy)] pub enum Color { Red = 1, Green = 5 }
mod other { pub enum Shape { A(u8), B(u64) } }

static P: Point = Point { x: 1, y: -2 };
static S: Shape = Shape::Rect { w: 3, h: 4 };
#[used] static SHAPES: [Shape; 5] = [Shape::Empty, Shape::Circle(2.5), Shape::Rect { w: 3, h: 4 }, Shape::Nested(None), Shape::Nested(Some(&S))];
#[used] static OTHERS: [other::Shape; 2] = [other::Shape::A(3), other::Shape::B(1 << 40)];
#[used] static SIGNED: [Signed; 4] = [Signed::Low(1), Signed::Minus { a: 2 }, Signed::Zero, Signed::High(4)];
#[used] static FLAT: [Flat; 2] = [Flat::First(9), Flat::Second(1 << 33)];
#[used] static WIDE: [Wide; 2] = [Wide::Small(7), Wide::Big(8)];
#[used] static ONLY: Only = Only::One(5, -6);
#[used] static COLORS: [Option<Color>; 3] = [Some(Color::Red), Some(Color::Green), None];
#[used] static INTS: [Option<i32>; 2] = [Some(-4), None];
#[used] static UINTS: [Option<u32>; 2] = [Some(4000000000), None];
#[used] static POINTS: [Option<&'static Point>; 2] = [Some(&P), None];
#[used] static BOOLS: [Option<Option<bool>>; 4] = [Some(Some(true)), Some(Some(false)), Some(None), None];
#[used] static ORDERS: [Option<Ordering>; 4] = [Some(Ordering::Less), Some(Ordering::Equal), Some(Ordering::Greater), None];
#[used] static CHARS: [Option<char>; 2] = [Some('x'), None];
#[used] static NONZERO: [Option<NonZeroU16>; 2] = [NonZeroU16::new(300), None];
#[used] static RESULTS: [Result<u8, &'static str>; 2] = [Ok(255), Err("bad")];
#[used] static NEVER: Result<u8, Never> = Ok(17);

#[inline(never)]
fn crash(shape: &Shape, order: Option<Ordering>) -> ! {
    let local = core::hint::black_box(Some(shape));
    let none: Option<u64> = core::hint::black_box(None);
    core::hint::black_box((&local, &none, &order));
    unsafe { core::arch::asm!("ud2", options(noreturn)) }
}

#[no_mangle]
pub extern "C" fn _start() -> ! { crash(core::hint::black_box(&SHAPES[4]), core::hint::black_box(Some(Ordering::Less))) }

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
