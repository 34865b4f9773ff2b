//! What `mod_python.wsgi` is made of: the head of a response as PEP 3333 gives it, the object that an application gets as
//! `start_response`, and the way of its result into httpd. `py::request` uses the head for `req.wsgi_start_response`.

mod body;
pub mod head;
mod response;

pub use self::response::Response;
