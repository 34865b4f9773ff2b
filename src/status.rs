//! The part about Python of mod_status's page: what the whole server did, and the interpreters of the child that
//! answers. Without mod_status the hook is never called.

use std::ffi::c_int;
use std::fmt::Write;

use crate::guard;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::tally::{self, Sums};
use crate::httpd::{running, sys};
use crate::interp::table;
use crate::phase::Role;
use crate::server::VERSION;

/// mod_status's hook.
pub unsafe extern "C" fn status_hook(request: *mut sys::request_rec, flags: c_int) -> c_int {
    guard::request(request, "server-status", || {
        // SAFETY: mod_status passes the live request that it answers.
        let pool = unsafe { Pool::from_raw((*request).pool) };
        let facts = Facts {
            sums: tally::sums(),
            process: std::process::id(),
            interpreters: interpreters(pool),
            most: running::mpm_query(sys::AP_MPMQ_HARD_LIMIT_DAEMONS as c_int).unwrap_or(0),
            timed: flags & sys::AP_STATUS_EXTENDED != 0,
        };
        let text = if flags & sys::AP_STATUS_SHORT != 0 {
            facts.lines()
        } else {
            facts.page(flags & sys::AP_STATUS_NOTABLE == 0, |name| html(pool, name))
        };
        if let Ok(length) = c_int::try_from(text.len()) {
            // SAFETY: as above; the text gives address and length.
            unsafe { sys::ap_rwrite(text.as_ptr().cast(), length, request) };
        }
        sys::OK
    })
}

/// An interpreter of the child that answers.
struct Shown {
    name: String,
    main: bool,
    own_gil: bool,
}

/// The interpreters of this process, their names without control characters.
fn interpreters(pool: Pool) -> Vec<Shown> {
    let printable = |name: &[u8]| {
        // SAFETY: the pool is live, the name NUL-terminated; httpd copies.
        let text = unsafe { bytes(sys::ap_escape_logitem(pool.as_ptr(), pool.dup(name))) };
        String::from_utf8_lossy(text).into_owned()
    };
    let shown = |interp: &table::Interp| Shown {
        name: printable(interp.name.to_bytes()),
        main: interp.is_main(),
        own_gil: interp.own_gil,
    };
    table::all().into_iter().map(shown).collect()
}

fn html(pool: Pool, text: &str) -> String {
    // SAFETY: as above.
    let text = unsafe { bytes(sys::ap_escape_html2(pool.as_ptr(), pool.dup(text.as_bytes()), 0)) };
    String::from_utf8_lossy(text).into_owned()
}

/// What is shown.
struct Facts {
    sums: Sums,
    process: u32,
    interpreters: Vec<Shown>,
    most: c_int,
    timed: bool,
}

/// The numbers of one role, or of all of them.
struct Row {
    name: &'static str,
    calls: u64,
    running: u64,
    seconds: f64,
}

impl Row {
    /// Milliseconds for a call that has ended.
    fn mean(&self) -> f64 {
        let ended = self.calls.saturating_sub(self.running);
        if ended == 0 { 0.0 } else { self.seconds * 1000.0 / ended as f64 }
    }
}

impl Facts {
    /// One row for each role that was ever called.
    fn rows(&self) -> Vec<Row> {
        let rows = Role::all().map(|role| {
            let sum = self.sums.roles[role.index()];
            Row { name: role.name(), calls: sum.calls, running: sum.running, seconds: sum.nanoseconds as f64 / 1e9 }
        });
        rows.filter(|row| row.calls > 0).collect()
    }

    /// All rows together.
    fn total(rows: &[Row]) -> Row {
        Row {
            name: "all",
            calls: rows.iter().map(|row| row.calls).sum(),
            running: rows.iter().map(|row| row.running).sum(),
            seconds: rows.iter().map(|row| row.seconds).sum(),
        }
    }

    /// `key: value` lines for programs.
    fn lines(&self) -> String {
        let rows = self.rows();
        let total = Facts::total(&rows);
        let mut text = format!(
            "PythonVersion: {}\nPythonModuleVersion: {VERSION}\nPythonChildren: {}\nPythonCalls: {}\nPythonRunning: {}\n",
            env!("MOD_PYTHON_PYTHON_VERSION"),
            self.sums.children,
            total.calls,
            total.running,
        );
        if self.timed {
            let _ = writeln!(text, "PythonSeconds: {:.6}", total.seconds);
        }
        for row in rows {
            let _ = writeln!(text, "PythonCalls[{}]: {}\nPythonRunning[{0}]: {}", row.name, row.calls, row.running);
            if self.timed {
                let _ = writeln!(text, "PythonSeconds[{}]: {:.6}", row.name, row.seconds);
            }
        }
        let _ = writeln!(text, "PythonPid: {}\nPythonInterpreters: {}", self.process, self.interpreters.len());
        for (index, Shown { name, main, own_gil }) in self.interpreters.iter().enumerate() {
            let (main, gil) = (u8::from(*main), gil(*own_gil));
            let _ = writeln!(
                text,
                "PythonInterpreter[{index}]Name: {name}\nPythonInterpreter[{index}]Main: {main}\n\
                 PythonInterpreter[{index}]GIL: {gil}"
            );
        }
        text
    }

    /// HTML with tables or, for `?notable`, without.
    fn page(&self, tables: bool, escape: impl Fn(&str) -> String) -> String {
        let mut text = format!(
            "<hr />\n<h2>Python</h2>\n<dl><dt>mod_python/{VERSION} with Python {}, in {} children (at most {})</dt></dl>\n",
            env!("MOD_PYTHON_PYTHON_VERSION"),
            self.sums.children,
            self.most
        );
        let mut rows = self.rows();
        rows.push(Facts::total(&rows));
        let mut head = vec!["Functions", "Calls", "Running"];
        if self.timed {
            head.extend(["Total seconds", "Mean milliseconds"]);
        }
        let cells = rows.iter().map(|row| {
            let mut cells = vec![row.name.to_owned(), row.calls.to_string(), row.running.to_string()];
            if self.timed {
                cells.extend([format!("{:.3}", row.seconds), format!("{:.3}", row.mean())]);
            }
            cells
        });
        table(&mut text, tables, "Python functions of the whole server", &head, cells);
        let cells = self.interpreters.iter().map(|interpreter| {
            let main = if interpreter.main { "main" } else { "sub" };
            vec![escape(&interpreter.name), main.to_owned(), gil(interpreter.own_gil).to_owned()]
        });
        let caption = format!("Interpreters of process {}, which answers", self.process);
        table(&mut text, tables, &caption, &["Name", "Kind", "GIL"], cells);
        text
    }
}

fn gil(own: bool) -> &'static str {
    if own { "own" } else { "shared" }
}

/// Adds a table, or one line for each row. The cells are HTML.
fn table(text: &mut String, tables: bool, caption: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    if !tables {
        let _ = writeln!(text, "<p>{caption}:</p>\n<ul>");
        for row in rows {
            let cells: Vec<_> = head.iter().zip(row).map(|(name, cell)| format!("{name}: {cell}")).collect();
            let _ = writeln!(text, "<li>{}</li>", cells.join(", "));
        }
        text.push_str("</ul>\n");
        return;
    }
    let _ = writeln!(text, "<p>{caption}:</p>\n<table border=\"0\">\n<tr><th>{}</th></tr>", head.join("</th><th>"));
    for row in rows {
        let _ = writeln!(text, "<tr><td>{}</td></tr>", row.join("</td><td>"));
    }
    text.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::httpd::tally::Sum;
    use crate::phase::Phase;

    fn facts(timed: bool) -> Facts {
        let mut sums = Sums { children: 2, roles: [Sum::default(); Role::COUNT] };
        sums.roles[Role::Phase(Phase::Content).index()] = Sum { calls: 5, running: 1, nanoseconds: 8_000_000 };
        let interpreters = vec![
            Shown { name: "one".to_owned(), main: true, own_gil: false },
            Shown { name: "<two>".to_owned(), main: false, own_gil: true },
        ];
        Facts { sums, process: 42, interpreters, most: 16, timed }
    }

    #[test]
    fn lines_are_keys_and_values() {
        let text = facts(true).lines();
        assert!(text.lines().all(|line| line.split_once(": ").is_some_and(|(key, _)| key.starts_with("Python"))));
        for line in [
            "PythonCalls: 5",
            "PythonRunning[PythonHandler]: 1",
            "PythonSeconds[PythonHandler]: 0.008000",
            "PythonPid: 42",
            "PythonInterpreter[1]Name: <two>",
            "PythonInterpreter[1]Main: 0",
            "PythonInterpreter[1]GIL: own",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!facts(false).lines().contains("Seconds"));
    }

    #[test]
    fn pages_have_escaped_names_and_the_mean_of_what_has_ended() {
        let escape = |name: &str| name.replace('<', "&lt;").replace('>', "&gt;");
        let page = facts(true).page(true, escape);
        assert!(page.contains("<tr><td>PythonHandler</td><td>5</td><td>1</td><td>0.008</td><td>2.000</td></tr>"));
        assert!(page.contains("<tr><td>&lt;two&gt;</td><td>sub</td><td>own</td></tr>"));
        let lists = facts(false).page(false, escape);
        assert!(lists.contains("<li>Functions: PythonHandler, Calls: 5, Running: 1</li>"));
        assert!(!lists.contains("<table") && !lists.contains("<two>"));
    }
}
