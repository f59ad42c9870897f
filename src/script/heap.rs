//! The memory of an interpreter: a range of addresses that is the same in all processes as far
//! as the interpreter can see, from which blocks are given out in a fixed order.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use rustix::mm::{self, Advice, MapFlags, ProtFlags};

/// How many addresses there are. Memory is only taken where they are used.
const ADDRESSES: usize = 2 << 30;

/// The largest limit that a script can be given: what is behind it is for what stands
/// between the classes of sizes.
pub(crate) const LIMIT_MAX: u64 = 512 << 20;

/// A script that takes so many steps takes long: these are some milliseconds.
const LONG: u64 = 500_000;

/// From this size on memory that was used goes back to the system when a script has ended.
const KEPT: usize = 8 << 20;

/// Blocks up to this size differ by 16 bytes.
const FINE: usize = 1024;
const FINE_CLASSES: usize = FINE / 16;
/// Behind them each doubling has so many sizes.
const STEPS: usize = 4;
const CLASSES: usize = FINE_CLASSES + STEPS * 22;

/// The memory of an interpreter.
pub(crate) struct Heap {
    base: NonNull<u8>,
    /// Where nothing was given out yet.
    top: usize,
    /// The first free block of each class; 0: none. A free block begins with the next one.
    free: [u32; CLASSES],
    /// Bytes in blocks that are given out.
    used: u64,
    /// How many that may be.
    limit: u64,
    /// Steps that were taken.
    spent: u64,
    /// How many may be taken.
    steps: u64,
    /// From so many on the run takes long; it is said once.
    long_at: u64,
    /// What is called then.
    when_long: Option<fn()>,
    /// How many callers must not be told that there is no memory: they cannot be left in the
    /// middle. They ask whether it is [full](Heap::is_full) themselves.
    patient: u32,
}

/// The heap as it was at some time.
pub(crate) struct Image {
    bytes: Box<[u8]>,
    free: [u32; CLASSES],
    used: u64,
}

impl Image {
    /// How large it is.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

// The addresses are its own.
unsafe impl Send for Heap {}

impl Heap {
    /// An empty one. None: the system has no such addresses left.
    pub(crate) fn new() -> Option<Box<Heap>> {
        let base = (16..100_000_usize).find_map(|upper| map(upper << 32))?;
        Some(Box::new(Heap {
            base,
            // Nothing is at 0, the end of lists.
            top: 16,
            free: [0; CLASSES],
            used: 0,
            limit: u64::MAX,
            spent: 0,
            steps: u64::MAX,
            long_at: u64::MAX,
            when_long: None,
            patient: 0,
        }))
    }

    /// What stands in it now.
    pub(crate) fn image(&self) -> Image {
        // Safety: up to `top` the addresses are mapped and were written or are zero.
        let bytes = unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.top) };
        Image { bytes: bytes.into(), free: self.free, used: self.used }
    }

    /// Lays an image of this heap over it, and sets new limits.
    pub(crate) fn lay(&mut self, image: &Image, limit: u64, steps: u64) {
        if self.top > KEPT {
            let behind = image.len().next_multiple_of(1 << 16);
            let bytes = self.top - behind.min(self.top);
            // Safety: within the addresses, and all of it is laid anew or unused.
            let given = unsafe {
                mm::madvise(self.base.as_ptr().add(behind).cast(), bytes, Advice::LinuxDontNeed)
            };
            // Where the system keeps it, it is merely not free for others.
            let _ = given;
        }
        // Safety: it was taken of these addresses, which do not overlap it.
        unsafe {
            ptr::copy_nonoverlapping(image.bytes.as_ptr(), self.base.as_ptr(), image.bytes.len());
        }
        (self.top, self.free, self.used) = (image.bytes.len(), image.free, image.used);
        (self.limit, self.steps, self.spent, self.patient) = (limit, steps, 0, 0);
        self.long_at = LONG;
    }

    /// From now on `call` is called once in each run that takes long, in the middle of it.
    pub(crate) fn when_long(&mut self, call: Option<fn()>) {
        self.when_long = call;
    }

    /// Takes so many steps.
    pub(crate) fn spend(&mut self, steps: u64) {
        self.spent = self.spent.saturating_add(steps);
        if self.spent >= self.long_at {
            self.long_at = u64::MAX;
            self.when_long.iter().for_each(|call| call());
        }
    }

    /// Whether all steps are taken.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent > self.steps
    }

    /// Whether more memory is used than may be.
    pub(crate) fn is_full(&self) -> bool {
        self.used > self.limit
    }

    /// How many bytes are left.
    pub(crate) fn room(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// How many bytes are used.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// From now on there is memory even where there is none, as far as there are addresses.
    pub(crate) fn be_patient(&mut self, more: bool) {
        self.patient = if more { self.patient + 1 } else { self.patient - 1 };
    }

    /// Sets who is patient, and gives who was.
    pub(crate) fn set_patience(&mut self, patient: u32) -> u32 {
        std::mem::replace(&mut self.patient, patient)
    }

    /// Where an address stands, counted from the first one.
    pub(crate) fn offset(&self, address: *const c_void) -> usize {
        (address as usize).wrapping_sub(self.base.as_ptr() as usize)
    }

    fn take(&mut self, size: usize) -> Option<NonNull<u8>> {
        let (class, size) = class_of(size)?;
        // Large blocks are work by themselves.
        self.spend(size as u64 / 256);
        if self.patient == 0 && (self.used + size as u64 > self.limit || self.is_spent()) {
            return None;
        }
        let at = match self.free[class] {
            0 => {
                let at = self.top;
                if at + size > ADDRESSES {
                    return None;
                }
                self.top += size;
                at
            }
            at => {
                let at = at as usize;
                // Safety: a free block is within the addresses and begins with the next one.
                self.free[class] = unsafe { self.base.add(at).cast::<u32>().read() };
                at
            }
        };
        self.used += size as u64;
        // Safety: within the addresses.
        Some(unsafe { self.base.add(at) })
    }

    /// # Safety
    /// The block was given out with this size.
    unsafe fn give_back(&mut self, block: *mut u8, size: usize) {
        let Some((class, size)) = class_of(size) else { return };
        self.used -= size as u64;
        let at = self.offset(block.cast());
        // Safety: the block is nobody's any more, and has room for a number.
        unsafe { block.cast::<u32>().write(self.free[class]) };
        self.free[class] = u32::try_from(at).expect("there are fewer addresses");
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // Safety: mapped by `map` with this size, and nobody has a block any more.
        let unmapped = unsafe { mm::munmap(self.base.as_ptr().cast(), ADDRESSES) };
        // Where that fails the addresses are lost, and nothing else.
        let _ = unmapped;
    }
}

/// The allocator of the interpreter.
///
/// # Safety
/// `heap` is a [`Heap`] that nobody else uses at the moment, and `block` was given out by it
/// with `old` bytes.
pub(crate) unsafe extern "C" fn allocate(
    heap: *mut c_void,
    block: *mut c_void,
    old: usize,
    new: usize,
) -> *mut c_void {
    // Safety: what the caller promises.
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    let none = block.is_null() || old == 0;
    if new == 0 {
        if !none {
            // Safety: what the caller promises.
            unsafe { heap.give_back(block.cast(), old) };
        }
        return ptr::null_mut();
    }
    if !none && class_of(old) == class_of(new) {
        return block;
    }
    // To become smaller must not fail.
    let smaller = !none && new < old;
    heap.patient += u32::from(smaller);
    let taken = heap.take(new);
    heap.patient -= u32::from(smaller);
    let Some(taken) = taken else { return ptr::null_mut() };
    if !none {
        // Safety: two blocks that do not overlap, each at least as long.
        unsafe {
            ptr::copy_nonoverlapping(block.cast::<u8>(), taken.as_ptr(), old.min(new));
            heap.give_back(block.cast(), old);
        }
    }
    taken.as_ptr().cast()
}

/// The class of blocks of a size, and how large these are. None: there are no such blocks.
fn class_of(size: usize) -> Option<(usize, usize)> {
    if size <= FINE {
        let class = size.div_ceil(16).max(1);
        return Some((class - 1, class * 16));
    }
    let doubling = (size - 1).ilog2() as usize;
    let step = (1 << doubling) / STEPS;
    let within = (size - (1 << doubling)).div_ceil(step);
    let class = FINE_CLASSES + (doubling - 10) * STEPS + within - 1;
    (class < CLASSES).then_some((class, (1 << doubling) + within * step))
}

/// Addresses from `start` on, if they are free.
fn map(start: usize) -> Option<NonNull<u8>> {
    let (prot, flags) = (
        ProtFlags::READ | ProtFlags::WRITE,
        MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE,
    );
    // Safety: with this flag nothing that is mapped already is replaced.
    let mapped = unsafe { mm::mmap_anonymous(start as *mut c_void, ADDRESSES, prot, flags) };
    let mapped = mapped.ok()?;
    if mapped as usize == start {
        return NonNull::new(mapped.cast());
    }
    // A kernel that does not know the flag.
    // Safety: just mapped, and nobody's.
    let unmapped = unsafe { mm::munmap(mapped, ADDRESSES) };
    let _ = unmapped;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_fit_and_are_hardly_larger() {
        let mut before = (0, 16);
        for size in (1..5000).chain([65_536, 65_537, 1 << 20, (1 << 20) + 1, 300 << 20]) {
            let (class, room) = class_of(size).unwrap();
            assert!(room >= size && room % 16 == 0, "{size}: {room}");
            assert!(room <= size.max(16) + size / 4 + 16, "{size}: {room}");
            assert!((class, room) >= before, "{size}");
            before = (class, room);
        }
        assert_eq!(class_of(1024), Some((63, 1024)));
        assert_eq!(class_of(1025), Some((64, 1280)));
        assert_eq!(class_of(2048), Some((67, 2048)));
        assert_eq!(class_of(2049), Some((68, 2560)));
    }

    #[test]
    fn two_heaps_give_the_same_addresses_for_the_same_wishes() {
        let (mut one, mut two) = (Heap::new().unwrap(), Heap::new().unwrap());
        assert_ne!(one.base, two.base);
        assert_eq!(one.base.as_ptr() as u32, two.base.as_ptr() as u32);
        let mut seed = 1_u64;
        let mut given: Vec<(usize, usize)> = Vec::new();
        for _ in 0..10_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let size = (seed >> 33) as usize % 3000 + 1;
            if size.is_multiple_of(3) && !given.is_empty() {
                let (at, size) = given.swap_remove(size % given.len());
                for heap in [&mut one, &mut two] {
                    unsafe { heap.give_back(heap.base.as_ptr().add(at), size) };
                }
                continue;
            }
            let at = [&mut one, &mut two].map(|heap| {
                let block = heap.take(size).unwrap();
                heap.offset(block.as_ptr().cast())
            });
            assert_eq!(at[0], at[1]);
            given.push((at[0], size));
        }
    }

    #[test]
    fn more_than_the_limit_is_given_to_the_patient_only() {
        let mut heap = Heap::new().unwrap();
        let image = heap.image();
        heap.lay(&image, 1000, u64::MAX);
        assert!(heap.take(1024).is_none());
        heap.be_patient(true);
        assert!(heap.take(1024).is_some() && heap.is_full());
        heap.be_patient(false);
        assert!(heap.take(16).is_none());
        heap.lay(&image, 1000, u64::MAX);
        assert!(heap.take(16).is_some());
    }
}
