//! The native module `_apache`, made anew in every interpreter.

use pyo3::prelude::*;
use pyo3::types::PyModule;

use super::{
    capi, conn, constants, cookies, errors, filter, finfo, form, functions, global_lock, hlist, log, parameters,
    process_lock, psp, query, request, server, session_lock, session_record, streams, table, wsgi,
};
use crate::abi::HostTable;

/// Makes the module with its classes, functions and constants.
///
/// # Errors
/// MemoryError.
pub fn native<'py>(py: Python<'py>, host: &HostTable) -> PyResult<Bound<'py, PyModule>> {
    let module = PyModule::new(py, "_apache")?;
    module.add("SERVER_RETURN", py.get_type::<errors::SERVER_RETURN>())?;
    module.add("ExpiredError", py.get_type::<errors::ExpiredError>())?;
    module.add("RequestTimeout", py.get_type::<errors::RequestTimeout>())?;
    module.add_class::<request::Request>()?;
    capi::hide_dictionary::<request::Request>(py)?;
    module.add_class::<filter::Filter>()?;
    module.add_class::<hlist::HandlerCursor>()?;
    module.add_class::<server::Server>()?;
    module.add_class::<conn::Conn>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<form::Form>()?;
    wsgi::add(&module)?;
    table::TableIter::set_type_name(py)?;
    module.add("table", py.get_type::<table::Table>())?;
    module.add("main_server", host.main_server.map(server::Server::of))?;
    module.add("interpreter", host.name.to_string_lossy())?;
    constants::add(&module)?;
    functions::add(&module)?;
    filter::registered::add(&module)?;
    finfo::add(&module)?;
    global_lock::add(&module)?;
    session_lock::add(&module)?;
    session_record::add(&module)?;
    parameters::add(&module)?;
    cookies::add(&module)?;
    process_lock::add(&module)?;
    psp::add(&module)?;
    query::add(&module)?;
    log::add(&module)?;
    streams::add(&module)?;
    Ok(module)
}
