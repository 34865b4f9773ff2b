//! What post_config does about the global mutexes: how many, where, and what the log says. Called by `server`.

use std::ffi::c_int;

use super::config::ServerConfig;
use super::log::{Level, Owner};
use super::mutex::Mutexes;
use super::pool::{Pool, bytes};
use super::{running, sys};

/// The most that are made unless `PythonOption mod_python.mutex_locks` says otherwise.
const DEFAULT_LIMIT: usize = 8;

/// One for whole databases, one to choose by key.
const LEAST: usize = 2;

/// The mutexes of this configuration: `old` with what is missing, or new ones where the directory is another. None
/// where there cannot be enough of them.
///
/// # Safety
/// Called in post_config with its main server.
pub unsafe fn prepare(server: *mut sys::server_rec, old: Option<Mutexes>) -> Option<Mutexes> {
    // SAFETY: the caller guarantees the server; the global pool lives as long as httpd.
    let (settings, pool) = unsafe { (&ServerConfig::of(server)?.settings, Pool::from_raw(sys::ap_pglobal)) };
    let limit = settings.option("mod_python.mutex_locks").map_or(DEFAULT_LIMIT, number);
    let directory = settings.option("mod_python.mutex_directory").map(|directory| {
        let directory = pool.dup(directory);
        // SAFETY: pool and text are live; NULL for what is no path.
        unsafe { bytes(sys::ap_server_root_relative(pool.as_ptr(), directory)) }.to_vec()
    });
    let (processes, threads) = (most(sys::AP_MPMQ_MAX_DAEMONS), most(sys::AP_MPMQ_MAX_THREADS));
    let count = planned(limit, processes, threads);

    // The mutexes of another directory stay until httpd ends: children of the old generation may hold them.
    let mut mutexes =
        old.filter(|old| old.directory() == directory.as_deref()).unwrap_or_else(|| Mutexes::new(directory));
    let before = mutexes.count();
    // SAFETY: as above.
    if let Err((index, status)) = unsafe { mutexes.grow(count, server, pool) } {
        let text = format!("MPY0105: global mutex {index} of {count} could not be created: {}", error_text(status));
        say(server, Level::ERR, &text);
        let Some(kept) = kept(index).map(|kept| kept.max(before)) else {
            say(server, Level::ERR, "MPY0105: see the directive Mutex (type mod_python), which chooses their kind");
            return None;
        };
        for hint in [
            format!("MPY0108: going on with {kept} global mutexes; sessions wait for each other more often"),
            "MPY0108: fewer mutexes are made with PythonOption mod_python.mutex_locks in the main server".to_owned(),
            "MPY0108: see whether the system's semaphores are used up (ipcs -s) or choose another kind with Mutex"
                .to_owned(),
        ] {
            say(server, Level::WARNING, &hint);
        }
        // SAFETY: no child of this generation has begun; those of older ones use the mutexes that were there before.
        unsafe { mutexes.shrink(kept) };
    }
    let count = mutexes.count();
    let text = format!("MPY0106: {count} global mutexes for at most {processes} processes of {threads} threads");
    say(server, Level::NOTICE, &text);
    if let Some((mechanism, file)) = mutexes.mechanism() {
        let place = match memchr::memrchr(b'/', file) {
            Some(end) => format!("lock files in {}", String::from_utf8_lossy(&file[..end])),
            None => "no lock files".to_owned(),
        };
        say(
            server,
            Level::NOTICE,
            &format!("MPY0107: global mutexes are {}, {place}", String::from_utf8_lossy(mechanism)),
        );
    }
    Some(mutexes)
}

/// APR's words for a status.
pub fn error_text(status: sys::apr_status_t) -> String {
    let mut text = [0_u8; 200];
    // SAFETY: APR writes a NUL-terminated text into the buffer of this length, and returns it.
    let text = unsafe { bytes(sys::apr_strerror(status, text.as_mut_ptr().cast(), text.len())) };
    String::from_utf8_lossy(text).into_owned()
}

fn say(server: *mut sys::server_rec, level: Level, text: &str) {
    // SAFETY: post_config's server is live, and its configuration complete.
    unsafe { Owner::of_server(server) }.log(level, text.as_bytes());
}

/// What the MPM answers, at least 1.
fn most(query: c_int) -> usize {
    running::mpm_query(query).map_or(1, |answer| usize::try_from(answer).unwrap_or(1).max(1))
}

/// The leading digits of a text, 0 where there are none.
fn number(text: &[u8]) -> usize {
    let digits = text.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_usize, |number, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}

/// No more than clients there can be at once, and no fewer than the two kinds of use.
fn planned(limit: usize, processes: usize, threads: usize) -> usize {
    limit.min(processes.saturating_mul(threads)).max(LEAST)
}

/// How many stay where mutex number `failed` could not be made; None: too few.
fn kept(failed: usize) -> Option<usize> {
    (failed >= LEAST).then(|| failed.saturating_sub(2).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: interpreters:9.1, interpreters:I-8
    #[test]
    fn count_is_the_clients_within_the_limit() {
        assert_eq!(planned(8, 256, 1), 8);
        assert_eq!(planned(8, 1, 4), 4);
        assert_eq!(planned(32, 16, 64), 32);
        assert_eq!(planned(8, 1, 1), 2);
        assert_eq!(planned(0, 256, 1), 2);
        assert_eq!(planned(usize::MAX, usize::MAX, 2), usize::MAX);
    }

    // spec: interpreters:9.4, directives:13.4
    #[test]
    fn some_are_given_back_where_not_all_could_be_made() {
        assert_eq!([0, 1].map(kept), [None, None]);
        assert_eq!([2, 3, 4, 5, 8].map(kept), [Some(2), Some(2), Some(2), Some(3), Some(6)]);
    }

    // spec: directives:10/mod_python.mutex_locks
    #[test]
    fn text_that_is_no_number_is_0() {
        assert_eq!([b"12".as_slice(), b" 7x", b"many", b"-3", b""].map(number), [12, 7, 0, 0, 0]);
        assert_eq!(number(b"99999999999999999999999999"), usize::MAX);
    }
}
