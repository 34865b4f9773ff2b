//! Filters: `host` is what httpd calls, `image` runs the function.

pub mod host;
pub mod image;

use crate::httpd::filter::Names;

/// What httpd calls for every filter of this module.
pub const FILTERS: Names = Names { input: Some(host::input), output: Some(host::output) };
