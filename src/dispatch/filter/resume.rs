//! The host's side of a filter's generator: begin it, go on with it, end it with its request.
//!
//! An input filter's generator runs in the thread that asks for data, and so does an output filter's where the stream's
//! end has come already. Else the caller has to return before there is more data, so the generator runs in a relay.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::abi::{Call, GeneratorCall};
use crate::dispatch::visit::run_within;
use crate::httpd::config::{DirConfig, Settings};
use crate::httpd::filter::{self, Generator, Instance, Outcome, Pass, PassPointer, Relay, Step};
use crate::httpd::log::{Level, Owner};
use crate::httpd::request_state::{Object, RequestState};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::interp::{table, thread};
use crate::phase::{Callback, Role};

/// What a generator's call needs, in whichever thread it is made.
#[derive(Clone, Copy)]
struct Work {
    request: *mut sys::request_rec,
    instance: *mut Instance,
    callback: Callback,
    pass: Option<PassPointer>,
    generator: Generator,
}

// SAFETY: the thread that made it waits while another one uses it.
unsafe impl Send for Work {}

impl Work {
    /// Goes on with the generator; its outcome, and whether it has ended.
    ///
    /// # Safety
    /// The filter, its request and what is kept with it are live, and no other thread uses them.
    unsafe fn run(self, relay: Option<&Arc<Relay>>) -> (Outcome, bool) {
        // SAFETY: the caller guarantees the records; names and configuration live as long as the request.
        unsafe {
            let Some(interp) = table::by_index(self.generator.interp) else { return (Outcome::FAILED, true) };
            let settings = DirConfig::of((*self.request).per_dir_config).map(|config| &config.settings);
            let mut call = GeneratorCall {
                request: self.request,
                name: crate::httpd::pool::bytes((*self.instance).name),
                handler: (*self.instance).entry.as_ref().map(|entry| entry.text()).unwrap_or_default(),
                callback: self.callback,
                pass: self.pass,
                generator: self.generator,
                relay,
                settings,
                done: false,
                outcome: Outcome::FAILED,
            };
            let (limit, role) = (settings.and_then(Settings::time_limit), Role::Callback(self.callback));
            run_within(limit, interp, self.request, role, &mut Call::Generator(&mut call));
            (call.outcome, call.done)
        }
    }
}

/// Begins with a generator that the filter's function has returned.
///
/// # Safety
/// The pass is the one that the function was called with, `instance` is kept with its filter; the references belong to the
/// interpreter.
pub unsafe fn begin(
    pass: &mut Pass,
    instance: *mut Instance,
    interp: usize,
    iterator: Object,
    object: Object,
) -> Outcome {
    // SAFETY: the caller guarantees the pass.
    unsafe {
        let mut relay = None;
        if !pass.is_input() {
            if !pass.rest.is_null() {
                sys::mpy_brigade_concat(pass.source, pass.rest);
                pass.rest = ptr::null_mut();
            }
            if !filter::ends(pass.source) {
                relay = Relay::hire();
                if relay.is_none() {
                    let text = b"MPY0413: no thread can be made for the generator of a filter";
                    Owner::Request(sys::request_rec::view(pass.request)).log(Level::ERR, text);
                    let generator = Generator { interp, iterator, object, relay: ptr::null() };
                    in_this_thread(Work { pass: None, ..work(pass, instance, generator) });
                    return Outcome::FAILED;
                }
            }
        }
        let raw = relay.as_ref().map_or(ptr::null(), |relay| Arc::into_raw(Arc::clone(relay)));
        let generator = Generator { interp, iterator, object, relay: raw };
        Instance::keep_generator(instance, pass.request, generator);
        let work = work(pass, instance, generator);
        match relay {
            None => in_this_thread(work),
            Some(relay) => {
                let pointer = PassPointer::new(pass);
                let job = move |relay: &Arc<Relay>| {
                    // The whole record, so that what makes it Send comes along.
                    let work = work;
                    work.run(Some(relay)).0
                };
                let step = thread::without_gil(|| relay.start(pointer, Box::new(job)));
                stepped(instance, step)
            }
        }
    }
}

/// Goes on with the running generator.
///
/// # Safety
/// As [`begin`]; the instance has a generator.
pub unsafe fn go_on(pass: &mut Pass, instance: *mut Instance) -> Outcome {
    // SAFETY: the caller guarantees the pass and the instance; the relay is ours until the generator has ended.
    unsafe {
        let Some(generator) = (*instance).generator else { return Outcome::FAILED };
        match generator.relay() {
            None => in_this_thread(work(pass, instance, generator)),
            Some(relay) => {
                let pointer = PassPointer::new(pass);
                let step = thread::without_gil(|| relay.resume(Some(pointer)));
                stepped(instance, step)
            }
        }
    }
}

/// # Safety
/// As [`begin`].
unsafe fn work(pass: &mut Pass, instance: *mut Instance, generator: Generator) -> Work {
    let (callback, request) = (pass.callback(), pass.request);
    // SAFETY: the caller waits until the generator's call is over.
    let pass = Some(unsafe { PassPointer::new(pass) });
    Work { request, instance, callback, pass, generator }
}

/// # Safety
/// As [`Work::run`].
unsafe fn in_this_thread(work: Work) -> Outcome {
    // SAFETY: the caller guarantees it.
    unsafe {
        let (outcome, done) = work.run(None);
        if done {
            (*work.instance).generator = None;
        }
        outcome
    }
}

/// # Safety
/// The instance has a generator that runs in a relay.
unsafe fn stepped(instance: *mut Instance, step: Step) -> Outcome {
    match step {
        Step::Hungry => Outcome::Finished,
        Step::Done(outcome) => {
            // SAFETY: the reference that `begin` gave away; the generator is gone.
            unsafe {
                if let Some(generator) = (*instance).generator.take() {
                    drop(Arc::from_raw(generator.relay));
                }
            }
            outcome
        }
    }
}

/// The request ends: generators that still wait for data are closed.
///
/// # Safety
/// The request's pool is still whole.
pub unsafe fn end_all(request: *mut sys::request_rec) {
    if thread::EXITING.load(Ordering::Acquire) {
        // A prefork child may end in the middle of Python code: no other thread gets the GIL any more.
        return;
    }
    // SAFETY: the caller guarantees the request; the record is looked up again after each visit. Filters lie in its pool.
    unsafe {
        while let Some(instance) = RequestState::of(request).and_then(|state| state.generators.pop()) {
            let Some(generator) = (*instance).generator else { continue };
            match generator.relay() {
                None => {
                    let callback = Callback::InputFilter;
                    in_this_thread(Work { request, instance, callback, pass: None, generator });
                }
                Some(relay) => {
                    let step = thread::without_gil(|| relay.resume(None));
                    stepped(instance, step);
                }
            }
        }
    }
}
