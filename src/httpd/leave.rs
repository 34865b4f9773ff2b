//! A child leaves while httpd goes on: it takes no more connections, and it can be asked how many of its threads are at
//! work. The parent starts another child in its place.

use std::ffi::{c_int, c_uint};
use std::fs;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::{idle, running, sys};

/// What a thread of the scoreboard does while it serves somebody. One that waits for a client's next request does not.
const AT_WORK: [i32; 5] =
    [sys::SERVER_BUSY_READ, sys::SERVER_BUSY_WRITE, sys::SERVER_BUSY_LOG, sys::SERVER_BUSY_DNS, sys::SERVER_CLOSING];

/// Whether a parent is there that replaces a child: not with `httpd -X`.
pub fn is_replaceable() -> bool {
    ![c"DEBUG", c"ONE_PROCESS"].into_iter().any(running::is_defined)
}

/// From now on every attempt to take a connection fails in the way in which it fails where the system has no more
/// resources: the MPMs then end the child gracefully. The connection itself stays for another child. The MPM's thread may
/// be inside of the old function: see [`keep_leaving`].
pub fn refuse_connections() {
    // SAFETY: httpd's list of listeners, which is not changed while the child serves. The MPM's thread may be about to read
    // the function's address, which is written in one piece.
    unsafe {
        let mut listener = sys::ap_listeners;
        while !listener.is_null() {
            let place = &raw mut (*listener).accept_func;
            AtomicPtr::from_ptr(place.cast()).store(refuse as *mut (), Ordering::Release);
            listener = (*listener).next;
        }
    }
}

/// Says that there is no connection, as httpd's own function does first: worker's place for it still has the one before.
unsafe extern "C" fn refuse(
    accepted: *mut *mut std::ffi::c_void,
    _listener: *mut sys::ap_listen_rec,
    _pool: *mut sys::apr_pool_t,
) -> sys::apr_status_t {
    // SAFETY: the MPM's own place for the connection, live while it waits for this function.
    unsafe { *accepted = ptr::null_mut() };
    sys::APR_EGENERAL as sys::apr_status_t
}

/// What is to be done again and again from then on.
pub fn keep_leaving() {
    if idle::is_threaded() {
        interrupt_listener();
        give_up_a_row();
    }
}

/// Lets the MPM's thread that waits for a connection look again. Worker's waits inside of the function that takes one when
/// there is a single socket, so it would take one more. To be repeated: the thread may be on its way into the wait.
///
/// It is what the MPMs themselves do at their end (worker.c and event.c, `wakeup_listener`): SIGHUP, which all their other
/// threads block and whose handler does nothing.
fn interrupt_listener() {
    if !has_hangup_handler() {
        return;
    }
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    for thread in threads.filter(|thread| !blocks_hangup(&thread.path())) {
        let Some(id) = thread.file_name().to_str().and_then(|name| name.parse::<libc::pid_t>().ok()) else { continue };
        // SAFETY: no memory is handed over; a thread that has ended meanwhile gets nothing.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), id, libc::SIGHUP) };
    }
}

fn has_hangup_handler() -> bool {
    // SAFETY: the record is plain data, and is only filled.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGHUP, ptr::null(), &mut action);
        action.sa_sigaction
    };
    ![libc::SIG_DFL, libc::SIG_IGN].contains(&action)
}

/// Whether a thread, by its folder of proc(5), blocks SIGHUP or has ended.
fn blocks_hangup(thread: &Path) -> bool {
    let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    let set = blocked.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.is_none_or(|set| set & (1 << (libc::SIGHUP - 1)) != 0)
}

/// Lets httpd start another child in the place of this one although worker has marked no thread as dead: one that ends while
/// it is only about to say that it is dying is marked as graceful instead (worker.c, end of `worker_thread`), and it may
/// be all of them. One is enough, once: a new child may have the rows of the others from then on.
fn give_up_a_row() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if marks_ended_as_graceful() && !DONE.load(Ordering::Relaxed) {
        let rows = own_rows();
        let ended = rows.iter().find(|row| row.status == sys::SERVER_GRACEFUL);
        if let Some(row) = ended.filter(|_| rows.iter().all(|row| row.status != sys::SERVER_DEAD)) {
            DONE.store(true, Ordering::Relaxed);
            row.give_up();
        }
    }
}

/// Says that no thread of this child is left, before its end: a child that has begun in the same place waits for their rows,
/// and httpd clears those of a place only where no other child has it.
pub fn give_up_rows() {
    own_rows().iter().for_each(Row::give_up);
}

/// Whether a thread that is marked as graceful has ended. An asynchronous MPM marks those at work as well while it leaves
/// (event.c, `process_socket`).
fn marks_ended_as_graceful() -> bool {
    running::mpm_query(sys::AP_MPMQ_IS_ASYNC as c_int).unwrap_or(0) == 0
}

/// A thread of this child in the scoreboard.
struct Row {
    child: usize,
    thread: usize,
    status: i32,
}

impl Row {
    fn give_up(&self) {
        let (child, thread) = (self.child as c_int, self.thread as c_int);
        // SAFETY: a row that the scoreboard has; there is no request to be shown in it.
        unsafe { sys::ap_update_child_status_from_indexes(child, thread, sys::SERVER_DEAD, ptr::null_mut()) };
    }
}

/// The rows of this child's threads. Those of a process's place may belong to two processes: a new child takes over the
/// rows of threads that have ended in one that leaves.
fn own_rows() -> Vec<Row> {
    let limit = |code| running::mpm_query(code as c_int).and_then(|answer| usize::try_from(answer).ok()).unwrap_or(0);
    let (children, threads) = (limit(sys::AP_MPMQ_HARD_LIMIT_DAEMONS), limit(sys::AP_MPMQ_HARD_LIMIT_THREADS));
    let mut rows = Vec::new();
    // SAFETY: httpd makes the scoreboard, of the size that the MPM tells, before it forks. Others write it meanwhile,
    // hence volatile.
    unsafe {
        let Some(board) = sys::ap_scoreboard_image.as_ref() else { return rows };
        let own = libc::getpid();
        for child in 0..children {
            for thread in 0..threads {
                let row = (*board.servers.add(child)).add(thread);
                if ptr::read_volatile(&raw const (*row).pid) == own {
                    let status = i32::from(ptr::read_volatile(&raw const (*row).status));
                    rows.push(Row { child, thread, status });
                }
            }
        }
    }
    rows
}

/// How many threads of this child serve somebody, and connections whose response is still being sent. 0 without a
/// scoreboard.
pub fn at_work() -> usize {
    let graceful = !marks_ended_as_graceful();
    let is_busy = |row: &&Row| AT_WORK.contains(&row.status) || graceful && row.status == sys::SERVER_GRACEFUL;
    own_rows().iter().filter(is_busy).count() + sending()
}

/// The connections of this child whose response is sent by no thread in particular.
fn sending() -> usize {
    let children = running::mpm_query(sys::AP_MPMQ_HARD_LIMIT_DAEMONS as c_int).unwrap_or(0);
    // SAFETY: as in `own_rows`.
    unsafe {
        let Some(board) = sys::ap_scoreboard_image.as_ref() else { return 0 };
        let mut places = (0..children as usize).map(|child| board.parent.add(child));
        let own = places.find(|&place| ptr::read_volatile(&raw const (*place).pid) == libc::getpid());
        own.map_or(0, |place| ptr::read_volatile(&raw const (*place).write_completion) as usize)
    }
}

/// Ends the process without any exit code of C if it is still there after so many seconds. Safe in a signal handler.
///
/// Takes the process's alarm clock, so only for its end.
pub fn end_within(seconds: c_uint) {
    // SAFETY: the record is plain data, and the handler calls nothing but _exit, which any thread may at any moment.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = alarm_rang as extern "C" fn(c_int) as usize;
        libc::sigaction(libc::SIGALRM, &action, ptr::null_mut());
        libc::alarm(seconds);
    }
}

extern "C" fn alarm_rang(_signal: c_int) {
    end();
}

/// Ends the process at once, without any exit code of C.
pub fn end() -> ! {
    // SAFETY: never returns; nothing of this process is used afterwards.
    unsafe { libc::_exit(0) }
}
