//! The fields of a multipart body.

use std::io::{Read, Seek};

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString};

use super::Form;
use super::fill::Refusal;
use super::head::Head;
use super::limits::Limits;
use super::strings::Maker;
use super::temporary;
use super::upload::{Found, Stop, Store, Upload};
use crate::httpd::sys;
use crate::parse::multipart::Malformed;
use crate::py::detach::without_gil;

/// What the caller of `FieldStorage` wants instead of files and buffers.
pub(super) struct Callbacks<'a, 'py> {
    pub(super) file: Option<&'a Bound<'py, PyAny>>,
    pub(super) field: Option<&'a Bound<'py, PyAny>>,
}

impl<'py> Callbacks<'_, 'py> {
    /// The object that Python code wants a part's data in; None: it has no wish.
    fn storage(
        &self,
        form: &Bound<'py, Form>,
        filename: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Option<Storage<'py>>> {
        let (callback, name) = match filename {
            Some(_) => (self.file, intern!(form.py(), "make_file")),
            None => (self.field, intern!(form.py(), "make_field")),
        };
        if let Some(callback) = callback.filter(|callback| callback.is_callable()) {
            return match filename {
                Some(filename) => callback.call1((filename,)).map(Some),
                None => callback.call0().map(Some),
            };
        }
        let own = form.py().get_type::<Form>().getattr(name)?;
        if form.get_type().getattr(name)?.is(&own) { Ok(None) } else { form.call_method0(name).map(Some) }
    }
}

/// An object with `write`, `seek` and `read`.
type Storage<'py> = Bound<'py, PyAny>;

/// Reads the body into fields.
pub(super) struct Parts<'a, 'py> {
    pub(super) form: &'a Bound<'py, Form>,
    /// Where fields are collected.
    pub(super) list: &'a Bound<'py, PyList>,
    pub(super) maker: &'a Maker,
    pub(super) limits: Limits,
    pub(super) callbacks: Callbacks<'a, 'py>,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Refusal {
        match malformed {
            Malformed::HeaderTooLong => Refusal::new(sys::HTTP_REQUEST_ENTITY_TOO_LARGE, malformed.to_string()),
            _ => Refusal::new(sys::HTTP_BAD_REQUEST, malformed.to_string()),
        }
    }
}

impl<'py> Parts<'_, 'py> {
    /// Adds all fields; where that fails, what Python code has opened for them is closed.
    pub(super) fn read(&self, mut upload: Upload<'_>) -> Result<(), Refusal> {
        let mut opened = Vec::new();
        let result = self.read_all(&mut upload, &mut opened);
        if result.is_err() {
            for storage in opened {
                // A storage without close() needs none; the reason why the form failed is the one that is told.
                let _ = storage.call_method0(intern!(storage.py(), "close"));
            }
        }
        result
    }

    fn read_all(&self, upload: &mut Upload<'_>, opened: &mut Vec<Storage<'py>>) -> Result<(), Refusal> {
        let py = self.form.py();
        let mut count = self.list.len();
        loop {
            let headers = match self.proceed(upload, &mut Store::Nowhere)? {
                Found::Part(headers) => headers,
                Found::PartEnd => continue,
                Found::End => return Ok(()),
            };
            count += 1;
            if count > self.limits.fields {
                return Err(Refusal::new(sys::HTTP_BAD_REQUEST, "there are more fields than max_fields"));
            }
            // The data of a part that is no field is skipped with the search for the next part.
            let Some(head) = Head::of(py, &headers)? else { continue };
            let field = match self.callbacks.storage(self.form, head.filename.as_ref())? {
                Some(storage) => {
                    opened.push(storage.clone());
                    self.store(upload, &storage)?;
                    self.stored(&head, &storage)?
                }
                None => self.own(upload, &head)?,
            };
            self.list.append(field)?;
        }
    }

    fn proceed(&self, upload: &mut Upload<'_>, store: &mut Store) -> Result<Found, Refusal> {
        let done = without_gil(self.form.py(), (&mut *upload, store), |(upload, store)| upload.proceed(store));
        done.map_err(|stop| refused(&stop, upload))
    }

    /// A part in memory or in a file of ours.
    fn own(&self, upload: &mut Upload<'_>, head: &Head<'py>) -> Result<Bound<'py, PyAny>, Refusal> {
        let py = self.form.py();
        let mut store = match head.filename {
            None => Store::Memory(Vec::new()),
            Some(_) => Store::File(
                temporary::create(&upload.directory).map_err(|error| temporary::failed(&error, &upload.directory))?,
            ),
        };
        self.proceed(upload, &mut store)?;
        let field = match store {
            Store::Nowhere => self.text(head, &[])?,
            Store::Memory(data) => self.text(head, &data)?,
            Store::File(mut file) => {
                let small = file.metadata().map_err(PyErr::from)?.len() <= self.limits.memory_field as u64;
                let unnamed = head.filename.as_ref().is_some_and(|name| name.len().is_ok_and(|length| length == 0));
                if unnamed && small {
                    let mut data = Vec::new();
                    file.rewind().and_then(|()| file.read_to_end(&mut data)).map_err(PyErr::from)?;
                    let field = self.text(head, &data)?;
                    field.setattr(intern!(py, "file"), temporary::as_python(py, file)?)?;
                    field
                } else {
                    self.file(head, &temporary::as_python(py, file)?)?
                }
            }
        };
        Ok(field)
    }

    /// Copies a part to a storage.
    fn store(&self, upload: &mut Upload<'_>, storage: &Storage<'py>) -> Result<(), Refusal> {
        let py = self.form.py();
        let write = storage.getattr(intern!(py, "write"))?;
        loop {
            match upload.data() {
                Ok(None) => break,
                Ok(Some([])) => without_gil(py, &mut *upload, Upload::read).map_err(|stop| refused(&stop, upload))?,
                Ok(Some(data)) => {
                    write.call1((PyBytes::new(py, data),))?;
                }
                Err(stop) => return Err(refused(&stop, upload)),
            }
        }
        storage.call_method1(intern!(py, "seek"), (0,))?;
        Ok(())
    }

    /// The field of a part that is in a storage.
    fn stored(&self, head: &Head<'py>, storage: &Storage<'py>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.form.py();
        if head.filename.as_ref().map_or(Ok(false), |name| name.is_truthy())? {
            return self.file(head, storage);
        }
        let data = storage.call_method0(intern!(py, "read"))?;
        storage.call_method1(intern!(py, "seek"), (0,))?;
        let Ok(data) = data.cast::<PyBytes>() else {
            let found = data.get_type().name()?;
            return Err(PyTypeError::new_err(format!("the storage of a field must read bytes, not {found}")));
        };
        let field = self.text(head, data.as_bytes())?;
        field.setattr(intern!(py, "file"), storage)?;
        Ok(field)
    }

    fn text(&self, head: &Head<'py>, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.form.py();
        let name = head.name.as_ref().map_or_else(|| py.None().into_bound(py), |name| name.clone().into_any());
        let field = self.maker.make(name, data)?;
        head.describe(&field)?;
        Ok(field)
    }

    fn file(&self, head: &Head<'py>, file: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        head.file(&self.form.getattr(intern!(self.form.py(), "_file_field"))?, file)
    }
}

/// What the end of an upload means for the request.
pub(super) fn refused(stop: &Stop, upload: &Upload<'_>) -> Refusal {
    match stop {
        Stop::Malformed(malformed) => (*malformed).into(),
        Stop::Body(failure) => (*failure).into(),
        Stop::BodyTooLong | Stop::MemoryTooLong => Refusal::new(sys::HTTP_REQUEST_ENTITY_TOO_LARGE, stop.to_string()),
        Stop::File(error) => Refusal::Error(temporary::failed(error, &upload.directory)),
    }
}
