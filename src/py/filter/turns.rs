//! Iteration over a filter's data, and the waiting of a generator: an input filter asks the next filter again, an output
//! filter lets its caller go on and sleeps in its relay.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3::exceptions::PyGeneratorExit;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::Filter;
use super::io::{block, check_open, head};
use crate::httpd::filter::{Head, PassPointer, Relay, WINDOW};
use crate::py::detach::without_gil;
use crate::py::rest::Rest;

impl Filter {
    /// The generator that reads from the filter goes on with this data.
    pub fn begin(&self, pass: PassPointer, relay: Option<&Arc<Relay>>) {
        self.waits.store(true, Ordering::Relaxed);
        if let Some(relay) = relay {
            self.relay.get_or_init(|| Arc::clone(relay));
        }
        self.live.renew(pass);
    }

    /// What can be read next. Nothing is an answer for a function that is called again, not for a generator.
    pub(super) fn await_data(&self, py: Python<'_>) -> PyResult<Head> {
        loop {
            // A generator waits for what its next piece comes from, in the midst of its work.
            let rest = self.waits.load(Ordering::Relaxed).then(|| Rest::begin(py));
            let found = self.pass(|pass| {
                check_open(pass)?;
                let found = head(py, pass)?;
                let asks_again = found == Head::Nothing && pass.is_input() && self.waits.load(Ordering::Relaxed);
                if asks_again {
                    pass.ask_again();
                }
                Ok((!asks_again).then_some(found))
            })?;
            drop(rest);
            match (found, self.relay.get()) {
                (None, _) => {}
                (Some(Head::Nothing), Some(relay)) => self.sleep(py, relay)?,
                (Some(found), _) => return Ok(found),
            }
        }
    }

    /// Gives the turn back until there is more data. Nobody can use the filter meanwhile.
    fn sleep(&self, py: Python<'_>, relay: &Arc<Relay>) -> PyResult<()> {
        self.live.expire();
        let pass = {
            let _rest = Rest::begin(py);
            without_gil(py, relay, |relay| relay.next_pass())
        };
        // The request has ended: as when a generator is closed.
        self.live.renew(pass.ok_or_else(|| PyGeneratorExit::new_err(()))?);
        Ok(())
    }
}

#[pymethods]
impl Filter {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    /// The next piece of data. In a function that is called again the data of this call, in a generator all data up to
    /// the stream's end.
    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        match self.await_data(py)? {
            Head::Data => self.pass(|pass| block(py, pass, WINDOW)).map(Some),
            Head::Nothing | Head::End => Ok(None),
        }
    }
}
