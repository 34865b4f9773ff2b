"""A Redis server as sessions use it: one pool of connections per interpreter and process, and the scripts that run there.

Used by ``redis``. The package redis-py is imported here, when the first session of that kind is made.
"""

from __future__ import annotations

import os
import re
import threading
from typing import Any, Optional

from mod_python import _options

#: Takes a lock, or keeps the one that is held. KEYS: lock. ARGV: token, time limit in ms. 1: held, 0: somebody else's.
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

#: Begins the time limit of a held lock again. Arguments as above. 0: it is not held any more.
_EXTEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

#: Gives a lock back, if it is held. KEYS: lock. ARGV: token.
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

#: Stores a record under a lock. KEYS: lock, record. ARGV: token, time limit, record, its life in ms, the SHA-1 of the
#: record as it was ('' for none). 1: stored, 0: the lock ended, and somebody else has it, or has changed the record meanwhile.
_STORE = """
local owner = redis.call('GET', KEYS[1])
if owner ~= ARGV[1] then
    local now = redis.call('GET', KEYS[2])
    if owner or (now and redis.sha1hex(now) or '') ~= ARGV[5] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return 1
"""

#: Removes a record, and a lock that is somebody else's, who then can't store it again. KEYS: lock, record. ARGV: token.
_REMOVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then redis.call('DEL', KEYS[1]) end
return redis.call('DEL', KEYS[2])
"""


class Server:
    """A server by its URL; `error` is the exception that all its methods raise where it can't be used.

    What of a URL is secret appears in no text of an error: `reason` takes it out of those of the server.
    """

    def __init__(self, url: str, connect_timeout: int, socket_timeout: int) -> None:
        """Connect to nothing yet; timeouts in seconds. ImportError without redis-py, ValueError for a wrong URL."""
        if "@" in _behind_host(url):
            # What is taken for a host and a port may be a piece of the password.
            raise _wrong_url("it has an @ behind its first /, ? or #: write @ / ? # in a password as %40 %2F %3F %23")
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise ImportError(
                "RedisSession needs the package redis, version 5 or newer, where the Python of httpd finds it "
                f"(pip install redis); it cannot be imported: {error}"
            ) from error
        self.error: type[Exception] = redis.RedisError
        self.response_error: type[Exception] = redis.ResponseError
        # Once more where a connection broke, at once: every command here may come twice.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        try:
            self.client: Any = redis.Redis.from_url(
                url,
                socket_connect_timeout=connect_timeout,
                socket_timeout=socket_timeout,
                retry=retry,
                health_check_interval=30,
                protocol=2,
            )
            pool = self.client.connection_pool
            # Most of a URL is looked at when a connection is made, which does not connect yet.
            pool.connection_class(**pool.connection_kwargs)
        except Exception as error:
            if "@" in url or "password" in url:
                raise _wrong_url("redis-py does not take it, for a reason that may have a part of the password") from None
            raise _wrong_url(f"redis-py does not take it: {error}") from None
        self._secret = pool.connection_kwargs.get("password") or ""
        self.take = self.client.register_script(_TAKE)
        self.extend = self.client.register_script(_EXTEND)
        self.release = self.client.register_script(_RELEASE)
        self.store = self.client.register_script(_STORE)
        self.remove = self.client.register_script(_REMOVE)

    def reason(self, error: Exception) -> str:
        """Return what an exception says, without the password, which servers that know no AUTH repeat."""
        text = f"{type(error).__name__}: {error}"
        return text.replace(self._secret, "...") if self._secret else text

    def read(self, key: str, size: int) -> Optional[bytes]:
        """Return at most `size` bytes of a record, None if there is none, b"" for what is no record at all."""
        try:
            found: bytes = self.client.getrange(key, 0, size - 1)
            if not found and self.client.exists(key):
                return b""
        except self.response_error as error:
            if str(error).startswith("WRONGTYPE"):
                return b""
            raise
        return found or None


def _behind_host(url: str) -> str:
    """Return what is behind the user, the host and the port of a URL."""
    return re.sub("^[^/?#]*://[^/?#]*", "", url)


def _wrong_url(why: str) -> ValueError:
    return ValueError(f"PythonOption {_options.REDIS_SESSION_URL.name}: {why}")


_servers: dict[tuple[int, str, int, int], Server] = {}
_lock = threading.Lock()


def server(url: str, connect_timeout: int, socket_timeout: int) -> Server:
    """Return this process's server of a URL; errors as Server's."""
    # A child that user code forks must not talk on its parent's connections.
    key = (os.getpid(), url, connect_timeout, socket_timeout)
    found = _servers.get(key)
    if found is None:
        made = Server(url, connect_timeout, socket_timeout)
        with _lock:
            found = _servers.setdefault(key, made)
    return found
