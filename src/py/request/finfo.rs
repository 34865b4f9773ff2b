//! `req.finfo`: the facts of the file that httpd mapped the request to.

use pyo3::prelude::*;

use super::Request;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::py::finfo::Finfo;

#[pymethods]
impl Request {
    /// The facts of the file the request is mapped to; always the same object, which shows what is there now.
    #[getter]
    fn finfo(&self, py: Python<'_>) -> PyResult<Py<Finfo>> {
        self.live.with(|_| ())?;
        self.finfo
            .get_or_try_init(py, || {
                // SAFETY: the sibling shows the same record, and request::expire expires it.
                let finfo = self.live.with(|record| unsafe { Finfo::of_request(self.live.sibling(record)) })?;
                Py::new(py, finfo)
            })
            .map(|finfo| finfo.clone_ref(py))
    }

    /// Copies the contents of another mp_finfo. Raises TypeError for anything else.
    #[setter]
    fn set_finfo(&self, value: &Bound<'_, Finfo>) -> PyResult<()> {
        let copy = self.live.with(|record| {
            value.get().with(|info| {
                // SAFETY: the request is live; both texts are copied into its pool.
                unsafe {
                    let pool = Pool::from_raw((*record).pool);
                    let text = |text: *const std::ffi::c_char| {
                        if text.is_null() { text } else { pool.dup(bytes(text)).cast_const() }
                    };
                    sys::apr_finfo_t {
                        pool: pool.as_ptr(),
                        filehand: std::ptr::null_mut(),
                        fname: text(info.fname),
                        name: text(info.name),
                        ..*info
                    }
                }
            })
        })??;
        // SAFETY: the record is live.
        self.live.with(|record| unsafe { (*record).finfo = copy })
    }
}
