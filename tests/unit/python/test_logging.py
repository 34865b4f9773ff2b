"""``mod_python.logging`` and ``mod_python._streams`` without httpd."""

import importlib
import io
import logging
import sys

import pytest


@pytest.fixture
def handler(native):
    return importlib.import_module("mod_python.logging").ApacheHandler()


@pytest.fixture
def logger(handler):
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    return logger


@pytest.mark.parametrize(
    ("levelno", "level"),
    [
        (-5, 15), (0, 15), (1, 15), (2, 15), (3, 14), (9, 8), (10, 7), (19, 7),
        (20, 6), (24, 6), (25, 5), (29, 5), (30, 4), (39, 4), (40, 3), (49, 3),
        (50, 2), (51, 2), (1000, 2),
    ],
)  # fmt: skip
def test_levels(native, handler, levelno, level):
    handler.handle(logging.makeLogRecord({"levelno": levelno, "msg": "x"}))
    assert native.log == [(level, "x")]


def test_file_and_line(native, logger):
    logger.error("x")
    (place,) = native.places
    assert place == (__file__, test_file_and_line.__code__.co_firstlineno + 1)


class Unseen:
    def __str__(self):
        raise AssertionError("was formatted")


def test_dropped_records_are_not_formatted(native, logger):
    native.threshold = native.APLOG_WARNING
    logger.info("%s", Unseen())
    assert native.log == []


def test_level_and_filters_of_the_handler(native, logger, handler):
    handler.setLevel(logging.ERROR)
    handler.addFilter(lambda record: record.getMessage() != "unwanted")
    logger.warning("too low")
    logger.error("unwanted")
    logger.error("wanted")
    assert native.log == [(3, "wanted")]


def test_filter_that_gives_another_record(native, logger, handler):
    handler.addFilter(lambda record: logging.makeLogRecord({"msg": "new", "levelno": 20}))
    logger.error("old")
    # Before Python 3.12 a filter could only say yes or no.
    assert native.log == [(6, "new") if sys.version_info >= (3, 12) else (3, "old")]


def test_failures_are_logged_and_not_raised(native, logger, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    logger.error("%d", "no number")
    summary, traceback = native.log
    assert summary[1].startswith("MPY0504: a log record of " + __file__)
    assert summary[1].endswith("was not written: TypeError (interpreter 'www.example.com')")
    assert traceback[1].startswith("Traceback") and "TypeError" in traceback[1]
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.error("%d", "no number")
    assert len(native.log) == 2


def test_native_failures_are_not_raised(native, logger):
    def fail(*values):
        raise OSError("no log")

    native._log = fail
    logger.error("x")


def test_shutdown_and_close(native, handler):
    handler.acquire()
    handler.flush()
    handler.close()
    handler.release()


@pytest.fixture
def streams(native, monkeypatch):
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return importlib.import_module("mod_python._streams")


def test_install(native, streams):
    streams.install()
    assert isinstance(sys.stdout, streams.LogStream)
    assert isinstance(sys.stderr, streams.LogStream)
    print("text", 1)
    print("error", file=sys.stderr, flush=True)
    sys.stderr.buffer.write(bytearray(b"bytes"))
    sys.stderr.writelines(iter(["a", "b"]))
    assert "".join(data for stream, data in native.written if stream == 1) == "text 1\n"
    errors = [data for stream, data in native.written if stream == 2]
    assert errors == ["error", "\n", b"bytes", "a", "b"]
    assert native.flushed == [2]


@pytest.mark.parametrize("name", ["DEBUG", "ONE_PROCESS"])
def test_one_process_keeps_stdout(native, streams, name):
    before = sys.stdout
    native.exists_config_define = lambda found: found == name
    streams.install()
    assert sys.stdout is before
    assert isinstance(sys.stderr, streams.LogStream)


def test_text_wrappers_work_on_the_bytes(native, streams):
    stream = streams.LogStream(2, "<stderr>")
    text = io.TextIOWrapper(stream.buffer, encoding="latin-1", write_through=True)
    text.write("\xe4")
    assert native.written == [(2, b"\xe4")]
    assert text.detach() is stream.buffer
    with stream, stream.buffer:
        pass
    assert not stream.closed and not stream.buffer.closed
    with pytest.raises(io.UnsupportedOperation):
        stream.detach()


@pytest.mark.parametrize("wrong", [b"x", None, 3])
def test_wrong_types(streams, wrong):
    with pytest.raises(TypeError, match="write.. argument must be str, not"):
        streams.LogStream(1, "<stdout>").write(wrong)
