"""A class for each directive and section: made here by the table, shown by ``mod_python.httpdconf``.

Any directive without a class can be written as ``Directive("Name", "value")``.
"""

from __future__ import annotations

from typing import Any

from mod_python._httpdconf.nodes import BACKSLASHES, CLASSES, ContainerTag, Directive, Node, Value


class Line(Directive):
    """A directive whose name is that of its class; the argument is its value."""

    flips = 1

    def __init__(self, val: Value, flipslash: Any = None) -> None:
        super().__init__(type(self).__name__, val, self.flips if flipslash is None else flipslash)


class Switch(Line):
    """A directive that is ``Off`` unless another value is given."""

    def __init__(self, val: Value = "Off", flipslash: Any = None) -> None:
        super().__init__(val, flipslash)


class Section(ContainerTag):
    """A section whose name is that of its class; the arguments are its attribute and what stands in it."""

    flips = 1

    def __init__(self, attr: Value, *args: Node) -> None:
        super().__init__(type(self).__name__, attr, args, self.flips)


def _directive(name: str) -> type[Line]:
    CLASSES.add(name)
    return type(name, (Line,), {})


def _raw(name: str) -> type[Line]:
    """A directive where a backslash has a meaning."""
    CLASSES.add(name)
    BACKSLASHES.add(name)
    return type(name, (Line,), {"flips": 0})


def _off(name: str) -> type[Switch]:
    CLASSES.add(name)
    return type(name, (Switch,), {})


def _section(name: str, flips: int = 1) -> type[Section]:
    CLASSES.add(name)
    if not flips:
        # A regular expression.
        BACKSLASHES.add(name)
    return type(name, (Section,), {"flips": flips})


AddHandler = _directive("AddHandler")
AddOutputFilter = _directive("AddOutputFilter")
AddType = _directive("AddType")
Alias = _directive("Alias")
AliasMatch = _directive("AliasMatch")
AllowOverride = _directive("AllowOverride")
AuthBasicAuthoritative = _directive("AuthBasicAuthoritative")
AuthBasicProvider = _directive("AuthBasicProvider")
AuthName = _directive("AuthName")
AuthType = _directive("AuthType")
CustomLog = _directive("CustomLog")
DefaultRuntimeDir = _directive("DefaultRuntimeDir")
DirectoryIndex = _directive("DirectoryIndex")
DocumentRoot = _directive("DocumentRoot")
ErrorDocument = _directive("ErrorDocument")
ErrorLog = _directive("ErrorLog")
ErrorLogFormat = _raw("ErrorLogFormat")
Group = _directive("Group")
Include = _directive("Include")
IncludeOptional = _directive("IncludeOptional")
KeepAliveTimeout = _directive("KeepAliveTimeout")
Listen = _directive("Listen")
LoadModule = _directive("LoadModule")
LockFile = _directive("LockFile")
LogFormat = _raw("LogFormat")
LogLevel = _directive("LogLevel")
MaxClients = _directive("MaxClients")
MaxConnectionsPerChild = _directive("MaxConnectionsPerChild")
MaxRequestWorkers = _directive("MaxRequestWorkers")
MaxRequestsPerChild = _directive("MaxRequestsPerChild")
MaxSpareServers = _directive("MaxSpareServers")
MaxSpareThreads = _directive("MaxSpareThreads")
MaxThreadsPerChild = _directive("MaxThreadsPerChild")
MinSpareServers = _directive("MinSpareServers")
MinSpareThreads = _directive("MinSpareThreads")
Mutex = _directive("Mutex")
NameVirtualHost = _directive("NameVirtualHost")
NumServers = _directive("NumServers")
Options = _directive("Options")
PidFile = _directive("PidFile")
Require = _directive("Require")
ScriptAlias = _directive("ScriptAlias")
ServerAdmin = _directive("ServerAdmin")
ServerAlias = _directive("ServerAlias")
ServerLimit = _directive("ServerLimit")
ServerName = _directive("ServerName")
ServerPath = _directive("ServerPath")
ServerRoot = _directive("ServerRoot")
ServerTokens = _directive("ServerTokens")
SetEnv = _directive("SetEnv")
SetHandler = _directive("SetHandler")
StartServers = _directive("StartServers")
StartThreads = _directive("StartThreads")
ThreadLimit = _directive("ThreadLimit")
ThreadsPerChild = _directive("ThreadsPerChild")
Timeout = _directive("Timeout")
TypesConfig = _directive("TypesConfig")
User = _directive("User")

PythonAccessCheckerExHandler = _directive("PythonAccessCheckerExHandler")
PythonAccessHandler = _directive("PythonAccessHandler")
PythonAuthenHandler = _directive("PythonAuthenHandler")
PythonAuthnProvider = _directive("PythonAuthnProvider")
PythonAuthzHandler = _directive("PythonAuthzHandler")
PythonAutoReload = _directive("PythonAutoReload")
PythonChildExitHandler = _directive("PythonChildExitHandler")
PythonChildInitHandler = _directive("PythonChildInitHandler")
PythonCleanupHandler = _directive("PythonCleanupHandler")
PythonConnectionHandler = _directive("PythonConnectionHandler")
PythonDebug = _directive("PythonDebug")
PythonEnablePdb = _directive("PythonEnablePdb")
PythonErrorLogHandler = _directive("PythonErrorLogHandler")
PythonExprFunction = _directive("PythonExprFunction")
PythonFixupHandler = _directive("PythonFixupHandler")
PythonHandler = _directive("PythonHandler")
PythonHandlerModule = _directive("PythonHandlerModule")
PythonHeaderParserHandler = _directive("PythonHeaderParserHandler")
PythonHome = _directive("PythonHome")
PythonImport = _directive("PythonImport")
PythonInitHandler = _directive("PythonInitHandler")
PythonInputFilter = _directive("PythonInputFilter")
PythonInsertFilterHandler = _directive("PythonInsertFilterHandler")
PythonInterpPerDirective = _off("PythonInterpPerDirective")
PythonInterpPerDirectory = _off("PythonInterpPerDirectory")
PythonInterpreter = _directive("PythonInterpreter")
PythonInterpreterGIL = _directive("PythonInterpreterGIL")
PythonLogHandler = _directive("PythonLogHandler")
PythonMapToStorageHandler = _directive("PythonMapToStorageHandler")
PythonOptimize = _directive("PythonOptimize")
PythonOption = _directive("PythonOption")
PythonOutputFilter = _directive("PythonOutputFilter")
PythonPath = _raw("PythonPath")
PythonPostReadRequestHandler = _directive("PythonPostReadRequestHandler")
PythonPreConnectionHandler = _directive("PythonPreConnectionHandler")
PythonQuickHandler = _directive("PythonQuickHandler")
PythonRequestTimeout = _directive("PythonRequestTimeout")
PythonRewriteMap = _directive("PythonRewriteMap")
PythonTransHandler = _directive("PythonTransHandler")
PythonTypeHandler = _directive("PythonTypeHandler")

Directory = _section("Directory")
DirectoryMatch = _section("DirectoryMatch", 0)
Files = _section("Files")
FilesMatch = _section("FilesMatch", 0)
If = _section("If", 0)
IfDefine = _section("IfDefine")
IfModule = _section("IfModule")
Location = _section("Location")
LocationMatch = _section("LocationMatch", 0)
VirtualHost = _section("VirtualHost")
