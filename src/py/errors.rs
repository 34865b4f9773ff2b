//! The exceptions of the module.

// SERVER_RETURN is the name handlers have used for twenty years.
#![allow(non_camel_case_types)]

use pyo3::create_exception;
use pyo3::exceptions::{PyBaseException, PyException, PyRuntimeError};

create_exception!(
    _apache,
    SERVER_RETURN,
    PyException,
    "SERVER_RETURN(result[, status]): ends a handler with a result, as if it had returned it."
);

create_exception!(
    _apache,
    ExpiredError,
    PyRuntimeError,
    "A request, connection or table was used after its end, or by a thread that does not serve it."
);

create_exception!(
    _apache,
    RequestTimeout,
    PyBaseException,
    "Raised in a call of Python that takes longer than PythonRequestTimeout allows. No Exception: code that catches every \
     Exception must not go on."
);
