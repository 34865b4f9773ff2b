//! Filters: `host` is what httpd calls, `image` runs the function. `resume` and `generator` do
//! the same for functions that are generators.

pub mod generator;
pub mod host;
pub mod image;
pub mod resume;

use crate::httpd::filter::Names;

/// What httpd calls for every filter of this module.
pub const FILTERS: Names = Names { input: Some(host::input), output: Some(host::output) };
