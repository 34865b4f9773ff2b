"""A handler for the standard module ``logging`` that writes to httpd's error log.

For user code. Importable only inside httpd, as ``mod_python.apache`` is.
"""

import logging
import sys
import threading
import traceback

from mod_python import _apache

__all__ = ["ApacheHandler"]

#: How deep records may be logged by what formats another record.
_NESTED = 4

_formatting = threading.local()


def _httpd_level(levelno: int) -> int:
    """Return the APLOG_ number for a level of ``logging``.

    A level between two known ones counts as the lower one; from 25 on it is
    notice; below DEBUG, 9 to 2 are trace1 to trace8.
    """
    known = [
        (logging.CRITICAL, _apache.APLOG_CRIT),
        (logging.ERROR, _apache.APLOG_ERR),
        (logging.WARNING, _apache.APLOG_WARNING),
        (25, _apache.APLOG_NOTICE),
        (logging.INFO, _apache.APLOG_INFO),
        (logging.DEBUG, _apache.APLOG_DEBUG),
    ]
    for least, level in known:
        if levelno >= least:
            return level
    return _apache.APLOG_DEBUG + min(logging.DEBUG - levelno, 8)


#: For each level up to the highest; beyond, levels mean no more.
_LEVELS = [_httpd_level(levelno) for levelno in range(logging.CRITICAL + 1)]


class ApacheHandler(logging.Handler):
    """Writes records to the error log, one line for each line of the message.

    The log is that of the request that the thread is serving, else of its
    connection, else of the main server; httpd's LogLevel there decides, and a
    record that it drops is not formatted. File and line of the record are those
    that httpd shows. Needs no lock: httpd writes whole lines.
    """

    def createLock(self) -> None:
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        # Since Python 3.12 a filter may give another record.
        kept = self.filter(record)
        if isinstance(kept, logging.LogRecord):
            record = kept
        if kept:
            self.emit(record)
        return bool(kept)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = _LEVELS[min(max(record.levelno, 0), logging.CRITICAL)]
            if not _apache._is_logged(level):
                return
            depth = getattr(_formatting, "depth", 0)
            if depth > _NESTED:
                self._complain(record, "logged by what formats another record")
                return
            _formatting.depth = depth + 1
            try:
                message = self.format(record)
            finally:
                _formatting.depth = depth
            _apache._log(level, message, record.pathname, record.lineno)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Log the exception that kept ``record`` from being written.

        Not to ``sys.stderr``, which may lead back to here.
        """
        if not logging.raiseExceptions:
            return
        error = sys.exc_info()[1]
        try:
            self._complain(record, type(error).__name__)
            lines = traceback.format_exception(error) if error else []
            _apache._log(_apache.APLOG_ERR, "".join(lines))
        except Exception:
            # The exception's own text fails, or the stack is at its end.
            return
        finally:
            del error

    @staticmethod
    def _complain(record: logging.LogRecord, reason: str) -> None:
        _apache._log(
            _apache.APLOG_ERR,
            f"MPY0504: a log record of {record.pathname}:{record.lineno} was not "
            f"written: {reason} (interpreter '{_apache.interpreter}')",
        )
