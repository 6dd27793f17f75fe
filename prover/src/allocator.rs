//! An allocator that keeps its memory.
//!
//! A proof allocates and frees gigabytes in large blocks. The system's allocator gives each block back and takes a new one, and the kernel
//! clears every page of it: a tenth of a chunk's time. mimalloc, told to keep what it has, in large pages, pays that once.
//!
//! ```no_run
//! use cairn_prover::allocator::{Allocator, keep_pages};
//!
//! #[global_allocator]
//! static ALLOCATOR: Allocator = Allocator;
//!
//! fn main() {
//!     keep_pages();
//!     // ...
//! }
//! ```

/// For `#[global_allocator]` of programs that prove.
pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_allow_large_os_pages` of mimalloc.h.
const LARGE_PAGES: i32 = 6;
/// `mi_option_purge_delay` of mimalloc.h, which the crate has no name for: milliseconds, or never.
const PURGE_DELAY: i32 = 15;
const NEVER: std::ffi::c_long = -1;

/// Keeps freed memory for the next proof, and asks for large pages: the process stays as large as it ever was. The variables
/// `MIMALLOC_PURGE_DELAY` and `MIMALLOC_ALLOW_LARGE_OS_PAGES` overrule it. To be called first in `main`.
pub fn keep_pages() {
    for (option, value) in [(LARGE_PAGES, 1), (PURGE_DELAY, NEVER)] {
        // SAFETY: it stores a number; an option that there is not is ignored.
        unsafe { libmimalloc_sys::mi_option_set_default(option, value) }
    }
}
