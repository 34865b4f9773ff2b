//! One table of the phases: directive, default function, chain rule. The command table, the hooks, the dispatcher and
//! `req.add_handler` all read it, so a phase is described in one place only.

use std::ffi::CStr;

/// A phase in which Python functions may run, in the order in which httpd reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// `post_read_request`
    PostReadRequest,
    /// `post_read_request` at server level, `header_parser` below it
    Init,
    /// `quick_handler`
    Quick,
    /// `translate_name`
    Trans,
    /// `map_to_storage`
    MapToStorage,
    /// `header_parser`
    HeaderParser,
    /// `access_checker`
    Access,
    /// `access_checker_ex`
    AccessCheckerEx,
    /// `check_user_id`
    Authen,
    /// `auth_checker`
    Authz,
    /// `type_checker`
    Type,
    /// `fixups`
    Fixup,
    /// `insert_filter`
    InsertFilter,
    /// `handler`, the content phase
    Content,
    /// `log_transaction`
    Log,
    /// destruction of the request's pool
    Cleanup,
    /// `pre_connection`
    PreConnection,
    /// `process_connection`
    Connection,
}

/// After which results the next handler of the same list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// httpd's run-all hooks: both OK and DECLINED go on.
    OkAndDeclined,
    /// httpd's run-first hooks: only DECLINED goes on.
    Declined,
    /// Only OK goes on.
    Ok,
    /// Only the first handler runs.
    Never,
}

/// What is known of one phase.
pub struct PhaseInfo {
    /// The phase itself; equals its place in [`PHASES`].
    pub phase: Phase,
    /// The directive, which is also the name in `req.phase` and `req.add_handler`.
    pub directive: &'static CStr,
    /// The same as text.
    pub name: &'static str,
    /// The function that is called where the handler names none.
    pub function: &'static str,
    /// When the next handler of the list runs.
    pub chain: Chain,
    /// Runs before the file name is known: no extension list can apply.
    pub early: bool,
    /// `req.add_handler` accepts it.
    pub dynamic: bool,
}

const fn info(phase: Phase, directive: &'static CStr, function: &'static str, chain: Chain) -> PhaseInfo {
    let early = matches!(phase, Phase::PostReadRequest | Phase::Quick | Phase::Trans | Phase::MapToStorage);
    let dynamic = !matches!(phase, Phase::Cleanup | Phase::PreConnection | Phase::Connection);
    let name = match directive.to_str() {
        Ok(name) => name,
        Err(_) => "",
    };
    PhaseInfo { phase, directive, name, function, chain, early, dynamic }
}

/// Every phase, in the order of [`Phase`].
pub static PHASES: [PhaseInfo; Phase::COUNT] = [
    info(Phase::PostReadRequest, c"PythonPostReadRequestHandler", "postreadrequesthandler", Chain::OkAndDeclined),
    info(Phase::Init, c"PythonInitHandler", "inithandler", Chain::OkAndDeclined),
    info(Phase::Quick, c"PythonQuickHandler", "quickhandler", Chain::Declined),
    info(Phase::Trans, c"PythonTransHandler", "transhandler", Chain::Declined),
    info(Phase::MapToStorage, c"PythonMapToStorageHandler", "maptostoragehandler", Chain::Declined),
    info(Phase::HeaderParser, c"PythonHeaderParserHandler", "headerparserhandler", Chain::OkAndDeclined),
    info(Phase::Access, c"PythonAccessHandler", "accesshandler", Chain::OkAndDeclined),
    info(Phase::AccessCheckerEx, c"PythonAccessCheckerExHandler", "accesscheckerexhandler", Chain::Declined),
    info(Phase::Authen, c"PythonAuthenHandler", "authenhandler", Chain::Declined),
    info(Phase::Authz, c"PythonAuthzHandler", "authzhandler", Chain::Declined),
    info(Phase::Type, c"PythonTypeHandler", "typehandler", Chain::Declined),
    info(Phase::Fixup, c"PythonFixupHandler", "fixuphandler", Chain::OkAndDeclined),
    info(Phase::InsertFilter, c"PythonInsertFilterHandler", "insertfilterhandler", Chain::OkAndDeclined),
    info(Phase::Content, c"PythonHandler", "handler", Chain::OkAndDeclined),
    info(Phase::Log, c"PythonLogHandler", "loghandler", Chain::OkAndDeclined),
    info(Phase::Cleanup, c"PythonCleanupHandler", "cleanuphandler", Chain::Ok),
    info(Phase::PreConnection, c"PythonPreConnectionHandler", "preconnectionhandler", Chain::OkAndDeclined),
    info(Phase::Connection, c"PythonConnectionHandler", "connectionhandler", Chain::Never),
];

impl Phase {
    /// How many phases there are.
    pub const COUNT: usize = 18;

    /// The row of the table.
    pub fn info(self) -> &'static PhaseInfo {
        &PHASES[self as usize]
    }

    /// The directive's name as text.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The phase of this directive, exact spelling.
    pub fn by_directive(name: &str) -> Option<Phase> {
        PHASES.iter().find(|info| info.name == name).map(|info| info.phase)
    }

    /// The bit of this phase in a set of phases.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A function that httpd's own machinery calls at its own time, outside the phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Callback {
    /// Data on its way in
    InputFilter,
    /// Data on its way out
    OutputFilter,
    /// Who a user is, for Basic and Digest authentication
    Authn,
    /// Whether a user may come in
    Authz,
    /// A function in an expression
    Expression,
    /// A key's value for mod_rewrite
    RewriteMap,
    /// A part of a line in an access log
    LogItem,
    /// A child begins
    ChildInit,
    /// A child ends
    ChildExit,
    /// httpd has written a line to the error log
    ErrorLog,
    /// A `python` element of a page with server-side includes
    Include,
}

impl Callback {
    /// Every one, in the order of the enum.
    pub const ALL: &[Callback] = &[
        Callback::InputFilter,
        Callback::OutputFilter,
        Callback::Authn,
        Callback::Authz,
        Callback::Expression,
        Callback::RewriteMap,
        Callback::LogItem,
        Callback::ChildInit,
        Callback::ChildExit,
        Callback::ErrorLog,
        Callback::Include,
    ];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The directive, as log lines show it.
    pub fn name(self) -> &'static str {
        match self {
            Callback::InputFilter => "PythonInputFilter",
            Callback::OutputFilter => "PythonOutputFilter",
            Callback::Authn => "PythonAuthnProvider",
            Callback::Authz => "Require python",
            Callback::Expression => "PythonExprFunction",
            Callback::RewriteMap => "PythonRewriteMap",
            Callback::LogItem => "LogFormat ^py",
            Callback::ChildInit => "PythonChildInitHandler",
            Callback::ChildExit => "PythonChildExitHandler",
            Callback::ErrorLog => "PythonErrorLogHandler",
            Callback::Include => "includes",
        }
    }

    /// The object that is meant where the text names none.
    pub fn function(self) -> &'static str {
        match self {
            Callback::InputFilter => "inputfilter",
            Callback::OutputFilter => "outputfilter",
            Callback::Authn => "authnprovider",
            Callback::Authz => "authorize",
            Callback::Expression => "exprfunction",
            Callback::RewriteMap => "rewritemap",
            Callback::LogItem => "logitem",
            Callback::ChildInit => "childinithandler",
            Callback::ChildExit => "childexithandler",
            Callback::ErrorLog => "errorloghandler",
            // The page itself holds the code.
            Callback::Include => "",
        }
    }
}

/// What a handler's text is looked up for. The same text may mean another function for another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A handler of a phase.
    Phase(Phase),
    /// Anything else.
    Callback(Callback),
}

impl Role {
    /// How many roles there are.
    pub const COUNT: usize = Phase::COUNT + Callback::COUNT;

    /// A number below [`Role::COUNT`].
    pub fn index(self) -> usize {
        match self {
            Role::Phase(phase) => phase as usize,
            Role::Callback(callback) => Phase::COUNT + callback as usize,
        }
    }

    /// Every role, in the order of [`Role::index`].
    pub fn all() -> impl Iterator<Item = Role> {
        let phases = PHASES.iter().map(|info| Role::Phase(info.phase));
        phases.chain(Callback::ALL.iter().map(|&callback| Role::Callback(callback)))
    }

    /// The directive, as log lines show it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Phase(phase) => phase.name(),
            Role::Callback(callback) => callback.name(),
        }
    }

    /// The object that is meant where the text names none.
    pub fn function(self) -> &'static str {
        match self {
            Role::Phase(phase) => phase.info().function,
            Role::Callback(callback) => callback.function(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_stand_at_their_index() {
        assert!(Role::all().enumerate().all(|(index, role)| role.index() == index));
        assert_eq!(Role::all().count(), Role::COUNT);
    }

    #[test]
    fn rows_stand_at_their_phase() {
        for (index, info) in PHASES.iter().enumerate() {
            assert_eq!(info.phase as usize, index);
            assert_eq!(info.function, info.directive.to_str().unwrap()["Python".len()..].to_lowercase());
        }
    }
}
