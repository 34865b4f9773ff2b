//! Safe views of httpd's records: what Python's objects see of them. A view lives as long as the closure it is passed to,
//! so nothing borrowed from a record escapes.

/// A record of httpd that has a safe view.
pub trait Record: Sized {
    /// The view; it borrows for `'r`.
    type View<'r>: Copy;

    /// # Safety
    /// `record` is live for `'r`, and this thread may use it.
    unsafe fn view<'r>(record: *mut Self) -> Self::View<'r>;
}
