//! Elements of pages with server-side includes, as mod_include hands them over. Its context belongs to it: only what its
//! header gives to other modules is read here, and nothing is written.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr;

use super::filter::Brigade;
use super::pool::bytes;
use super::sys;

/// What mod_include calls for an element.
pub type Run = unsafe extern "C" fn(*mut sys::include_ctx_t, *mut sys::ap_filter_t, Brigade) -> sys::apr_status_t;

/// Lets mod_include run elements of this name through `run`. Without mod_include nothing happens.
///
/// # Safety
/// Called in post_config.
pub unsafe fn register(name: &'static CStr, run: Run) {
    // SAFETY: the caller guarantees the time; name and function live as long as the library, which stays.
    unsafe { sys::mpy_register_ssi_element(name.as_ptr(), Some(run)) };
}

/// An element that is being run; its texts live as long as it is.
pub struct Element<'e> {
    context: *mut sys::include_ctx_t,
    /// mod_include's filter.
    pub filter: *mut sys::ap_filter_t,
    /// The page up to here, as far as it was not sent.
    pub page: Brigade,
    life: PhantomData<&'e [u8]>,
}

/// `name="value"` in an element; the value is missing where only the name is written.
pub type Attribute<'e> = (&'e [u8], Option<&'e [u8]>);

impl<'e> Element<'e> {
    /// # Safety
    /// The arguments are those of a [`Run`] that mod_include is calling, until the result is dropped.
    pub unsafe fn new(context: *mut sys::include_ctx_t, filter: *mut sys::ap_filter_t, page: Brigade) -> Element<'e> {
        Element { context, filter, page, life: PhantomData }
    }

    fn has(&self, flag: i32) -> bool {
        // SAFETY: the context is live while its element is run.
        unsafe { (*self.context).flags & flag != 0 }
    }

    /// Whether this part of the page is shown: it does not stand in a condition that is false.
    pub fn is_shown(&self) -> bool {
        self.has(sys::SSI_FLAG_PRINTING)
    }

    /// Whether the configuration forbids pages to run code.
    pub fn may_not_execute(&self) -> bool {
        self.has(sys::SSI_FLAG_NO_EXEC)
    }

    /// The next attribute.
    pub fn next_attribute(&mut self) -> Option<Attribute<'e>> {
        let (mut name, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the context is live; mod_include gives NULL or texts in the pool of the element.
        unsafe {
            sys::mpy_ssi_next_attribute(self.context, &mut name, &mut value);
            (!name.is_null()).then(|| (bytes(name), (!value.is_null()).then(|| bytes(value))))
        }
    }

    /// Shows mod_include's error text at this place of the page.
    pub fn show_error(&mut self) {
        // SAFETY: context, filter and page are live while the element is run.
        unsafe { sys::mpy_ssi_append_error(self.context, self.filter, self.page) };
    }
}
