//! Finds httpd, APR and Python, makes the bindings and says in one sentence what is missing.
//!
//! Environment: `APXS` (default: `apxs`, then `apxs2` on PATH), `APR_CONFIG` (default: what apxs names, then
//! `apr-1-config` on PATH), `PYO3_PYTHON` (the Python to build for).

// A build script may stop at once: nobody is served by it.
#![allow(clippy::expect_used)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Stops the build with one sentence for the person at the terminal.
fn stop(sentence: &str) -> ! {
    println!("cargo::error={sentence}");
    std::process::exit(1);
}

/// The standard output of a command, trimmed, or None where it does not exist or fails.
fn output(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn find_apxs() -> String {
    let candidates = match env::var("APXS") {
        Ok(path) => vec![path],
        Err(_) => vec!["apxs".to_owned(), "apxs2".to_owned(), "/usr/bin/apxs".to_owned(), "/usr/sbin/apxs".to_owned()],
    };
    for path in &candidates {
        if output(path, &["-q", "INCLUDEDIR"]).is_some() {
            return path.clone();
        }
    }
    stop(&format!(
        "apxs was not found ({}): install the httpd development package, apache2-dev on Debian or httpd-devel on \
         Fedora, or set APXS to its path.",
        candidates.join(", ")
    ))
}

fn find_apr_config(apxs: &str) -> String {
    let named = output(apxs, &["-q", "APR_CONFIG"]).filter(|path| !path.is_empty());
    let candidates: Vec<String> =
        env::var("APR_CONFIG").ok().into_iter().chain(named).chain(["apr-1-config".to_owned()]).collect();
    for path in &candidates {
        if output(path, &["--version"]).is_some() {
            return path.clone();
        }
    }
    stop(
        "apr-1-config was not found: install the APR development package, libapr1-dev on Debian or apr-devel on \
         Fedora, or set APR_CONFIG to its path.",
    )
}

fn check_libclang() {
    if let Err(reason) = std::panic::catch_unwind(bindgen::clang_version) {
        drop(reason);
        stop(
            "libclang was not found: install libclang-dev on Debian or clang-devel on Fedora, or set LIBCLANG_PATH to \
             its folder.",
        );
    }
}

fn main() {
    for name in ["APXS", "APR_CONFIG", "LIBCLANG_PATH", "PYO3_PYTHON"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    for file in ["include/wrapper.h", "include/shim.h", "include/shim.c", "build.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    pyo3_build_config::use_pyo3_cfgs();
    link_python();

    let apxs = find_apxs();
    let apr_config = find_apr_config(&apxs);
    let mut includes = vec![
        output(&apxs, &["-q", "INCLUDEDIR"]).unwrap_or_default(),
        output(&apr_config, &["--includedir"]).unwrap_or_default(),
        "include".to_owned(),
    ];
    let apu = apr_config.replace("apr-1-config", "apu-1-config");
    includes.extend(output(&apu, &["--includedir"]));
    let defines: Vec<String> = output(&apr_config, &["--cppflags"])
        .unwrap_or_default()
        .split_whitespace()
        .filter(|flag| flag.starts_with("-D"))
        .map(str::to_owned)
        .collect();

    shim(&includes, &defines);
    bindings(&includes, &defines);
    link_httpd(&apr_config);
}

fn link_python() {
    let python = pyo3_build_config::get();
    if !python.shared() {
        stop(
            "the chosen Python has no shared libpython, and a static one would hide its symbols from extension \
             modules: install python3-dev on Debian or python3-devel on Fedora, build Python with --enable-shared, or \
             set PYO3_PYTHON to another interpreter.",
        );
    }
    let executable = python.executable().unwrap_or_default().to_owned();
    let facts = "import os, sys, sysconfig
library = sysconfig.get_config_var('INSTSONAME') or ''
# A Python that was copied elsewhere still names the folder it was configured for.
folders = [os.path.join(sys.base_prefix, 'lib'), sysconfig.get_config_var('LIBDIR') or '']
print(sys.base_prefix)
print(next((folder for folder in folders if os.path.exists(os.path.join(folder, library))), ''))
print('%d.%d.%d' % sys.version_info[:3])";
    let facts = output(&executable, &["-c", facts]).unwrap_or_else(|| stop("the Python in PYO3_PYTHON does not run."));
    let mut facts = facts.lines();
    let prefix = facts.next().unwrap_or_default();
    let libdir = facts.next().unwrap_or_default();
    println!("cargo::rustc-env=MOD_PYTHON_PYTHON_PREFIX={prefix}");
    println!("cargo::rustc-env=MOD_PYTHON_PYTHON_EXECUTABLE={executable}");
    println!("cargo::rustc-env=MOD_PYTHON_PYTHON_VERSION={}", facts.next().unwrap_or_default());
    if !libdir.is_empty() && !["/usr/lib", "/usr/lib64", "/lib", "/lib64"].contains(&libdir) {
        println!("cargo::rustc-link-search=native={libdir}");
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libdir}");
    }
    // Statics must survive a graceful restart, and each reload of a module that is linked to libpython 3.13 would leak
    // a pthread key in the parent.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}

fn shim(includes: &[String], defines: &[String]) {
    let mut build = cc::Build::new();
    build.file("include/shim.c").warnings(true).flag("-fvisibility=hidden");
    for dir in includes {
        build.include(dir);
    }
    for define in defines {
        build.flag(define);
    }
    build.compile("mod_python_shim");
}

fn bindings(includes: &[String], defines: &[String]) {
    check_libclang();
    let result = bindgen::Builder::default()
        .header("include/wrapper.h")
        .clang_args(includes.iter().map(|dir| format!("-I{dir}")))
        .clang_args(defines)
        .allowlist_function("(ap|apr|apu|mpy)_.*")
        .allowlist_type("(ap|apr|mpy|core|module|command|cmd|unixd|authn|authz)_.*|module|command_rec|cmd_func|htaccess_result")
        .allowlist_var(
            "OK|DECLINED|DONE|SUSPENDED|(HTTP|APLOG|M|AP|APR|AUTHN|AUTHZ|REMOTE|PROXYREQ|REQUEST|MODULE|OR|ACCESS|RSRC|EXEC|METHODS|NOT_IN)_.*\
             |core_module|HUGE_STRING_LEN|(CGI|INCLUDES|DIR)_MAGIC_TYPE.*|SSI_FLAG_.*|ap_.*|METHODS|SERVER_.*",
        )
        .blocklist_item("APR_(OFF_T|SIZE_T|SSIZE_T|INT64|UINT64|PID_T).*FMT.*")
        .default_macro_constant_type(bindgen::MacroTypeVariation::Signed)
        .derive_default(true)
        .layout_tests(false)
        .generate_comments(false)
        .merge_extern_blocks(true)
        .generate();
    match result {
        Ok(bindings) => {
            let path = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("httpd.rs");
            let text = bindings.to_string();
            std::fs::write(path.with_file_name("constants.rs"), constants(&text)).expect("OUT_DIR is writable");
            std::fs::write(path, text).expect("OUT_DIR is writable");
        }
        Err(error) => stop(&format!("bindgen could not read httpd's headers: {error}")),
    }
}

/// The numbers that `mod_python.apache` shows, as a Rust array of names and values: whatever these headers define of the
/// groups below, so that a newer httpd's statuses and methods are there too.
fn constants(bindings: &str) -> String {
    const GROUPS: [&str; 13] = [
        "HTTP_",
        "M_",
        "AP_MPMQ_",
        "AP_REQ_",
        "AP_CONN_",
        "PROXYREQ_",
        "REMOTE_",
        "REQUEST_",
        "APR_FINFO_",
        "APLOG_",
        "MODULE_MAGIC_NUMBER_",
        "APR_FILETYPE_",
        "AUTHZ_",
    ];
    const ENUMS: [&str; 4] = ["apr_filetype_e", "ap_conn_keepalive_e", "authn_status", "authz_status"];
    const SINGLE: [&str; 4] = ["OK", "DECLINED", "DONE", "SUSPENDED"];
    let mut array = "&[\n".to_owned();
    for line in bindings.lines().map(str::trim) {
        let Some((name, rest)) = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        // An enum's constant carries the enum's name in front.
        let kind = rest.split(' ').next().unwrap_or_default();
        let public = match ENUMS.contains(&kind) {
            true => name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name),
            false if kind == "i32" => name,
            false => continue,
        };
        if name != public || SINGLE.contains(&public) || GROUPS.iter().any(|group| public.starts_with(group)) {
            array.push_str(&format!("    (\"{public}\", sys::{name} as i64),\n"));
        }
    }
    array.push_str("]\n");
    array
}

fn link_httpd(apr_config: &str) {
    // httpd itself resolves ap_*; linking APR makes the test binaries' pools and tables the real ones.
    let link = output(apr_config, &["--link-ld"]).unwrap_or_default();
    for flag in link.split_whitespace() {
        if let Some(dir) = flag.strip_prefix("-L") {
            println!("cargo::rustc-link-search=native={dir}");
        } else if let Some(name) = flag.strip_prefix("-l") {
            println!("cargo::rustc-link-lib=dylib={name}");
        }
    }
    // Test binaries run outside httpd: what only httpd has stays unresolved there and is not called.
    // (lld, which newer toolchains choose, would leave them to the loader, which refuses.)
    println!("cargo::rustc-link-arg=-fuse-ld=bfd");
    println!("cargo::rustc-link-arg=-Wl,--unresolved-symbols=ignore-all");
}
