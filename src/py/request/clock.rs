//! Attributes that are points in time, as seconds since the epoch. Only Python code calls these.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::Request;
use crate::httpd::sys;

/// APR counts microseconds (APR_USEC_PER_SEC of apr_time.h, a macro that bindgen cannot read).
const MICROSECONDS: i64 = 1_000_000;

fn seconds(time: sys::apr_time_t) -> f64 {
    time as f64 / MICROSECONDS as f64
}

#[pymethods]
impl Request {
    /// float: when the response's source changed last, 0.0 where that is not known. See update_mtime.
    #[getter]
    fn mtime(&self) -> PyResult<f64> {
        self.live.view(|request| seconds(request.mtime()))
    }

    /// float: when the request began.
    #[getter]
    fn request_time(&self) -> PyResult<f64> {
        self.live.view(|request| seconds(request.request_time()))
    }

    /// update_mtime(t): sets mtime to t, whole seconds since the epoch, if that is later.
    ///
    /// TypeError where t is no number, ValueError where it is no time.
    fn update_mtime(&self, t: f64) -> PyResult<()> {
        let time = t.trunc() * MICROSECONDS as f64;
        if !(i64::MIN as f64..i64::MAX as f64).contains(&time) {
            return Err(PyValueError::new_err("the time is out of range"));
        }
        self.live.view(|request| request.update_mtime(time as i64))
    }
}
