//! The host's side: which servers have handlers, and their interpreters.

use std::sync::{Mutex, PoisonError};

use crate::abi::{Call, ServerCall};
use crate::dispatch::select;
use crate::guard;
use crate::httpd::handler_list::HandlerList;
use crate::httpd::log::Owner;
use crate::httpd::server::Server;
use crate::httpd::tally::Running;
use crate::interp::table::Interp;
use crate::phase::{Callback, Role};

/// The servers with handlers for the child's end, in the order of their turns at its start. Their interpreters are
/// there from the start on: none can be made while the child ends.
static AT_EXIT: Mutex<Vec<(Server, &'static Interp)>> = Mutex::new(Vec::new());

/// PythonChildInitHandler: the main server's first, then those of the virtual hosts in the order of the configuration.
/// A failure is in the log, and the child serves.
pub fn child_init(main: Server) {
    for server in in_order(main) {
        if let Some(list) = list(server, Callback::ChildInit)
            && let Some(interp) = interpreter(server, Callback::ChildInit)
        {
            let _running = Running::begin(Role::Callback(Callback::ChildInit));
            interp.run(&mut Call::Server(&mut ServerCall { server, callback: Callback::ChildInit, list }));
        }
        if list(server, Callback::ChildExit).is_some()
            && let Some(interp) = interpreter(server, Callback::ChildExit)
        {
            AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner).push((server, interp));
        }
    }
}

/// PythonChildExitHandler: backwards, so that the main server's come last. Called once, by the thread that runs users'
/// exit code.
pub fn child_exit() {
    guard::process((), || {
        loop {
            let last = AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((server, interp)) = last else { break };
            let Some(list) = list(server, Callback::ChildExit) else { continue };
            let _running = Running::begin(Role::Callback(Callback::ChildExit));
            interp.run_last(&mut Call::Server(&mut ServerCall { server, callback: Callback::ChildExit, list }));
        }
    });
}

/// The main server, then the virtual hosts with Python directives of their own, in the order of the configuration:
/// httpd's list has the last one first.
fn in_order(main: Server) -> Vec<Server> {
    // httpd lets a virtual host without any directive of ours share the main server's record.
    let is_own = |server: &Server| match (server.config(), main.config()) {
        (Some(config), Some(of_main)) => !std::ptr::eq(config, of_main),
        _ => false,
    };
    let mut virtual_hosts: Vec<Server> =
        std::iter::successors(main.next(), |server| server.next()).filter(is_own).collect();
    virtual_hosts.push(main);
    virtual_hosts.reverse();
    virtual_hosts
}

fn list(server: Server, callback: Callback) -> Option<&'static HandlerList> {
    server.config()?.lists.list(callback)
}

fn interpreter(server: Server, callback: Callback) -> Option<&'static Interp> {
    let name = select::of_server(server);
    select::find_for(name, server, Owner::Server(server), format_args!("{}", callback.name()))
}
