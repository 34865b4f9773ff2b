//! `server.get_config()` and `server.get_options()`: copies of what is configured at server level.

use pyo3::prelude::*;

use super::server::Server;
use super::table::Table;

#[pymethods]
impl Server {
    /// get_config(): the directives given at server level as a table, flags as '1' and '0'. A new copy at each call.
    fn get_config(&self) -> Table {
        let directives = self.view().config().map(|config| config.settings.directives()).unwrap_or_default();
        Table::of_pairs(directives.into_iter().map(|(name, value)| (name.as_bytes(), value)))
    }

    /// get_options(): the PythonOptions given at server level as a table, removed ones with ''. A new copy at each call.
    fn get_options(&self) -> Table {
        Table::of_pairs(self.view().config().map(|config| config.settings.options()).unwrap_or_default())
    }
}
