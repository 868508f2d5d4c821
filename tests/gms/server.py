"""A stand-in for a DataHub server (GMS): its HTTP interface over a database in memory, for tests.

    with StandInGms() as gms:
        registry = Registry.open(gms.url)
        gms.faults.next("commit_then_500")
        ...
        assert gms.requests[-1].status == 500

Takes, drops and refuses what a server does; see `gms_rules`. DataHub's own Python clients work against it.
Not there: patches, deletes over HTTP, lineage and relationship queries, tracing of asynchronous writes, time-based
preconditions, and the check of an aspect against its schema.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from types import TracebackType
from urllib.parse import urlsplit

from typing_extensions import Self

from tests.gms.faults import STATUS_FAULTS, Faults
from tests.gms.http import Request, Server
from tests.gms.rights import Rights
from tests.gms.routes import Answer, Router, failure, is_write
from tests.gms.rules import Change, Rules
from tests.gms.state import Database, Value, time_series

__all__ = ["Faults", "Request", "StandInGms"]

_OPEN = ("/config", "/health")


class StandInGms:
    """A server on a free port of 127.0.0.1, from `with` on until its end.

    Args:
        version: What `/config` says. From 1.0.1 on DataHub's SDK chooses OpenAPI by itself.
        token: Needed for everything but `/config` and `/health`, else 401. That these two are open to all is how
            a server comes configured; not run.
        reader_token: Another token that may read but not write: 403.
        rights: Other tokens, and what their users may do: REST authorization is on for them.
        alternate_validation: Drop unknown aspects with 200, as the quickstart image appears to do.
        unknown_aspects: Aspects that it does not know, as an older server.
        unknown_kinds: Change types that it refuses.
        faults: What goes wrong; by default nothing until asked for.
        most_bytes: Larger bodies get 413.

    Attributes:
        faults: May be replaced at any time.
        requests: Those that arrived, the first one first.
    """

    def __init__(
        self,
        *,
        version: str = "v1.7.0",
        token: str | None = None,
        reader_token: str | None = None,
        rights: Mapping[str, Rights] | None = None,
        alternate_validation: bool = False,
        unknown_aspects: Collection[str] = (),
        unknown_kinds: Collection[str] = (),
        faults: Faults | None = None,
        most_bytes: int = 16_000_000,
    ) -> None:
        self.faults = faults or Faults()
        self.requests: list[Request] = []
        self._version = version
        self._token = token
        self._reader_token = reader_token
        self.rights: dict[str, Rights] = dict(rights or {})
        self._rules = Rules(
            alternate_validation, frozenset(unknown_aspects), _flags_missing(version), frozenset(unknown_kinds)
        )
        self._most_bytes = most_bytes
        self._database = Database()
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        time_series()  # loads DataHub's classes now, so that the first request is as fast as the others
        self._stopping.clear()
        self._server = Server(self._arrived, self._answer)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        assert server is not None
        self._stopping.set()
        server.shutdown()
        server.server_close()
        server.hang_up()

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the stand-in listens only inside `with StandInGms() as gms:`")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def entities(self) -> dict[str, dict[str, Value]]:
        """What is stored now: entity → aspect → value. Change it with `put` and `delete` only."""
        with self._lock:
            return {urn: self._database.current(urn) for urn in self._database.rows}

    def history(self, urn: str, aspect: str) -> list[Value]:
        """All values an aspect ever had, the current one last."""
        with self._lock:
            return [row.value for row in self._database.rows.get(urn, {}).get(aspect, ())]

    def put(self, urn: str, aspect: str, value: Value) -> None:
        """Write an aspect past all rules, as somebody with access to the database."""
        with self._lock:
            self._database.write(urn, aspect, value)

    def delete(self, urn: str, aspect: str | None = None) -> None:
        """Remove an aspect, or a whole entity, past all rules."""
        with self._lock:
            self._database.delete(urn, aspect)

    def refresh_search(self) -> None:
        """Let search see what is stored now."""
        with self._lock:
            self._database.refresh_all()

    def requests_of(self, method: str, path: str) -> list[Request]:
        """The requests to one address, whatever their query."""
        return [each for each in self.requests if each.method == method and urlsplit(each.path).path == path]

    def reset_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.requests = []

    def reset(self) -> None:
        """Forget everything: what is stored, the requests and the faults. What is still under way ends in the past."""
        with self._lock:
            self._database = Database()
            self.requests = []
            self.faults = Faults()

    def _arrived(self, method: str, path: str, size: int) -> Request:
        with self._lock:
            request = Request(method, path, self.faults.take(is_write(method, path)), size=size)
            self.requests.append(request)
            return request

    def _answer(self, request: Request, authorization: str, body: bytes) -> Answer | None:
        """What is sent back; None for no answer."""
        fault, database = request.fault, self._database
        if fault == "lost_before_commit":
            return None
        if fault in STATUS_FAULTS:
            headers = {"Retry-After": str(self.faults.retry_after)} if fault == "429" else {}
            refusal = failure(int(fault), f"The stand-in was told to answer {fault}")
            return Answer(refusal.status, refusal.body, headers)
        if fault == "late_commit":
            self._stopping.wait(self.faults.delay)
        answer = self._process(database, request, authorization, body)
        if fault == "duplicate_delivery":
            answer = self._process(database, request, authorization, body)
        if fault == "slow":
            self._stopping.wait(self.faults.delay)
        if fault == "answer_lost":
            return None
        if fault == "commit_then_500" and answer.status < 300:
            return failure(500, "The stand-in was told to fail after the commit")
        return answer

    def _process(self, database: Database, request: Request, authorization: str, body: bytes) -> Answer:
        rights = self.rights.get(authorization.removeprefix("Bearer "))
        if rights is None and (refusal := self._refusal(request, authorization)) is not None:
            return refusal
        with self._lock:
            router = Router(
                database,
                self._rules,
                self._version,
                self._all_but_one if request.fault == "item_skipped_silently" else list,
                index=request.fault != "stale_search",
                rights=rights,
            )
            answer = router.answer(request.method, request.path, body)
            request.proposals = router.proposals
        return answer

    def _refusal(self, request: Request, authorization: str) -> Answer | None:
        if request.size > self._most_bytes:
            return failure(413, f"The request has {request.size} bytes, {self._most_bytes} are allowed")
        if (self._token or self._reader_token or self.rights) and urlsplit(request.path).path not in _OPEN:
            sent = authorization.removeprefix("Bearer ")
            if not sent or sent not in (self._token, self._reader_token):
                return failure(401, "Unauthorized to perform this action.")
            if sent == self._reader_token and is_write(request.method, request.path):
                return failure(403, "User is unauthorized to modify entity.")
        return None

    def _all_but_one(self, changes: list[Change]) -> list[Change]:
        if not changes:
            return changes
        skipped = self.faults.pick(len(changes))
        return [*changes[:skipped], *changes[skipped + 1 :]]


def _flags_missing(version: str) -> bool:
    """Whether this release flags every member that a version set is told to name. Not run; 1.7 does not."""
    return version.startswith(("v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6"))
