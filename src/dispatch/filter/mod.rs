//! Filters: `host` is what httpd calls, with `output` and `input` for the two directions; `image` runs the function.
//! `resume` and `generator` do the same for functions that are generators.

pub mod generator;
pub mod host;
pub mod image;
mod input;
mod output;
pub mod resume;

use crate::httpd::filter::{Names, SLOTS};
use crate::httpd::sys;

macro_rules! functions {
    ($($slot:literal)*) => { [$(Some(host::send_of::<$slot>)),*] };
}

static OUTPUTS: [sys::ap_out_filter_func; SLOTS] = functions! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34
    35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
};

/// What httpd calls for every filter of this module.
pub const FILTERS: Names = Names { input: Some(host::ask), output: Some(host::send), slots: &OUTPUTS };
