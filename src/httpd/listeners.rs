//! Which servers a listening address can reach.

use super::sys;

/// Whether any listener leads to the main server itself: some address is not covered by a virtual host. (On a covered
/// address the first virtual host answers for unknown names, never the main server.)
///
/// # Safety
/// Called after the configuration was read, with its main server.
pub unsafe fn reach_main_server(main: *const sys::server_rec) -> bool {
    // SAFETY: httpd's lists of listeners, servers and their addresses, complete once the configuration was read.
    unsafe {
        let mut listener = sys::ap_listeners;
        while !listener.is_null() {
            if !covered((*listener).bind_addr, (*main).next) {
                return true;
            }
            listener = (*listener).next;
        }
    }
    false
}

/// # Safety
/// `address` is a listener's, `server` the first virtual host or NULL.
unsafe fn covered(address: *const sys::apr_sockaddr_t, mut server: *const sys::server_rec) -> bool {
    // SAFETY: the caller guarantees the lists.
    unsafe {
        while !server.is_null() {
            let mut own = (*server).addrs;
            while !own.is_null() {
                let mut host = (*own).host_addr;
                while !host.is_null() {
                    let port = (*own).host_port == 0 || (*own).host_port == (*address).port;
                    let any = sys::apr_sockaddr_is_wildcard(host) != 0;
                    if port && (any || sys::apr_sockaddr_equal(host, address) != 0) {
                        return true;
                    }
                    host = (*host).next;
                }
                own = (*own).next;
            }
            server = (*server).next;
        }
    }
    false
}
