//! What the allocator keeps of memory that nothing uses any more.

/// Gives free pages of this thread's memory back to the system. Takes some tenths of a millisecond.
///
/// By itself the allocator does so only where something else is freed beside them, which after a burst may be
/// never.
#[expect(unsafe_code, reason = "the allocator offers this to C alone")]
pub(crate) fn give_back() {
    // SAFETY: it asks for nothing of its caller, and touches only what is free.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
