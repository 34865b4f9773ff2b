//! Singly linked chains in pools: what an inner scope adds stands in front of what the outer one has, so that merging
//! copies the inner nodes only and look-ups find the innermost first.

use std::ptr;

use super::pool::Pool;

/// A node that knows its follower.
pub trait Node: Copy {
    /// The next node or NULL.
    fn next(&self) -> *const Self;
    /// A copy that points elsewhere.
    fn with_next(self, next: *const Self) -> Self;
}

/// The nodes in order.
///
/// # Safety
/// `first` is NULL or a chain whose nodes live, unchanged, for `'a`.
pub unsafe fn iter<'a, N: Node + 'a>(first: *const N) -> impl Iterator<Item = &'a N> {
    // SAFETY: the caller guarantees it.
    let mut next = unsafe { first.as_ref() };
    std::iter::from_fn(move || {
        let node = next?;
        // SAFETY: as above.
        next = unsafe { node.next().as_ref() };
        Some(node)
    })
}

/// `inner` in front of `outer`. Shares whatever need not be copied.
///
/// # Safety
/// Both are NULL or chains that live at least as long as the pool.
pub unsafe fn overlay<N: Node>(pool: Pool, inner: *const N, outer: *const N) -> *const N {
    if inner.is_null() || outer.is_null() {
        return if inner.is_null() { outer } else { inner };
    }
    // SAFETY: the caller guarantees it.
    let nodes: Vec<N> = unsafe { iter(inner) }.copied().collect();
    nodes.into_iter().rev().fold(outer, |next, node| pool.alloc(node.with_next(next)).cast_const())
}

/// An empty chain.
pub const fn empty<N>() -> *const N {
    ptr::null()
}
