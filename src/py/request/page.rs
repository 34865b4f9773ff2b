//! `req._psp_write`: what the programs of pages write with. `mod_python._psp` hands it to them.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyString};

use super::Request;
use crate::py::text;

#[pymethods]
impl Request {
    /// _psp_write(text) writes str or bytes; _psp_write(value, text, before='') writes before, str(value) and text.
    ///
    /// Nothing is flushed. Raises what write() and str() raise.
    #[pyo3(signature = (data, text = None, before = None, /))]
    fn _psp_write(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        text: Option<&Bound<'_, PyString>>,
        before: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        let Some(text) = text else {
            return self.send(py, text::data(data)?, false);
        };
        let text = text.to_str()?.as_bytes();
        let before = before.map_or(Ok(""), |before| before.to_str())?.as_bytes();
        if let Some(number) = small(data) {
            return self.send_parts(py, &[before, decimal(number, &mut [0; DIGITS]), text]);
        }
        if data.is_exact_instance_of::<PyString>()
            && let Ok(data) = text::data(data)
        {
            return self.send_parts(py, &[before, data, text]);
        }
        // What str() does, or raises, comes behind what is before.
        self.send(py, before, false)?;
        let data = data.str()?;
        self.send_parts(py, &[text::data(data.as_any())?, text])
    }
}

/// As many as a sign and the digits of an i64 need.
const DIGITS: usize = 20;

/// The value of an int that is no subclass's, None if it is large or something else.
fn small(value: &Bound<'_, PyAny>) -> Option<i64> {
    if value.is_exact_instance_of::<PyInt>() { value.extract().ok() } else { None }
}

/// A number as Python's str() has it.
fn decimal(number: i64, digits: &mut [u8; DIGITS]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut start = DIGITS;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        digits[start] = b'-';
    }
    &digits[start..]
}

#[cfg(test)]
mod tests {
    use super::{DIGITS, decimal};

    #[test]
    fn numbers_are_written_as_python_does() {
        for number in [0, 7, 10, -1, -10, 1234567890, i64::MAX, i64::MIN] {
            assert_eq!(decimal(number, &mut [0; DIGITS]), number.to_string().as_bytes());
        }
    }
}
