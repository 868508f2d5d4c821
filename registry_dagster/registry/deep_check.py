"""Trying a DataHub server out: one throw-away dataset goes through everything that the registry does there.

It has a name of its own, which is never used again, and is made against a materialization version of its own; both are
removed at the end as far as the token may. Numbers that were given there stay given.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import PLATFORM, container_urn, materialization_urn, version_set_urn, version_urn
from registry_dagster.errors import InvalidDeclaration, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Score
from registry_dagster.model.table import DeltaPin, TableFacts, TableField
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.store import Store

__all__ = ["CheckStep", "deep_check"]

_SEARCH_SECONDS = 60.0
_MOMENT = datetime(2020, 1, 1, tzinfo=timezone.utc)
_WHY = "a check of the set-up by feature-registry doctor --deep; not a dataset of anybody"


@dataclass(frozen=True)
class CheckStep:
    """One thing that was tried.

    Args:
        step: What, e.g. `publish`.
        outcome: Whether it works as the docs promise, works with less, or does not work. `left out` since an
            earlier step failed.
        detail: What was seen, what is missing, and what brings it.
    """

    step: str
    outcome: Literal["works", "degraded", "fails", "left out"]
    detail: str

    def __str__(self) -> str:
        return f"{self.outcome:<8}  {self.step}: {self.detail}"


class _LessThanPromised(Exception):
    """What was tried works, but not fully; says what is missing."""


def deep_check(store: Store, env: str, publisher: str, *, patience: float = _SEARCH_SECONDS) -> Iterator[CheckStep]:
    """Try everything, step by step, as the result is iterated.

    Args:
        store: A server.
        env: DataHub's environment.
        publisher: Who tries.
        patience: Seconds that the search may lag behind.

    Raises:
        InvalidDeclaration: the store is not a server.
    """
    if not store.search_lags:
        raise InvalidDeclaration(
            f"{store.target} is not a DataHub server, and only a server has rights and releases to try out; "
            "pass --registry https://host:port"
        )
    trial = _Trial(store, env, publisher, patience)
    published = False
    for name, step in trial.steps():
        if name == "publish" or published:
            tried = _tried(name, step)
            published = published or tried.outcome in ("works", "degraded")
            yield tried
        else:
            yield CheckStep(name, "left out", "nothing was published to try it with")
    yield _tried("clean up", trial.clean_up)


def _tried(name: str, step: Callable[[], str]) -> CheckStep:
    try:
        return CheckStep(name, "works", step())
    except _LessThanPromised as less:
        return CheckStep(name, "degraded", str(less))
    except RegistryError as error:
        return CheckStep(name, "fails", f"{type(error).__name__}: {error}")


@dataclass
class _Trial:
    store: Store
    env: str
    publisher: str
    patience: float
    word: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    def __post_init__(self) -> None:
        self.registry = Registry(self.store, self.env, self.publisher)
        self.dataset = f"feature_registry_check.{self.word}"
        self.first, self.second = f"{self.dataset}@v1", f"{self.dataset}@v2"
        system = f"feature_registry_check_{self.word}"
        self.state = MaterializationVersion(system=system, version="1", timestamp=_MOMENT)

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """All steps but the last, in their order."""
        yield "publish", lambda: self.publish(1)
        yield "publish a second version", lambda: self.publish(2)
        yield "publish the same again", self.publish_again
        yield "read", self.read
        yield "version list", self.look_at_version_list
        yield "find", self.find
        yield "describe", self.describe
        yield "retire", self.retire
        yield "verify", self.verify

    def publish(self, number: int) -> str:
        receipt = self.registry.publish(self._declared(), _facts(self.word, number), message=_WHY)
        # The names of a trial are new by design.
        missing = [note for note in receipt.notes if not note.startswith("new here")]
        if missing:
            raise _LessThanPromised(f"{receipt.version} is published; {'; '.join(missing)}")
        return f"{receipt.version} is published in one transaction and reads back with its digest"

    def publish_again(self) -> str:
        receipt = self.registry.publish(self._declared(), _facts(self.word, 2), message=_WHY)
        if receipt.created:
            raise _LessThanPromised(f"the same content became {receipt.version}; it should be {self.second}")
        return f"found as {receipt.version}; nothing was written"

    def read(self) -> str:
        current = self.registry.current(self.dataset)
        if current.version != self.second:
            raise _LessThanPromised(f"the current version is {current.version}; it should be {self.second}")
        return f"both versions read back, {current.version} is the current one"

    def look_at_version_list(self) -> str:
        urn = version_set_urn(PLATFORM, self.dataset, self.env)
        latest = self.store.read([urn]).get(urn, {}).get("versionSetProperties", {}).get("latest")
        if latest != version_urn(self.second, self.env):
            raise _LessThanPromised(f"DataHub's own version list calls {latest or 'no version'} the latest")
        return "DataHub's own version list calls the second version the latest"

    def find(self) -> str:
        start = time.monotonic()
        while not (found := {each.version for each in self.registry.find(self.word)}) >= {self.first, self.second}:
            if time.monotonic() - start > self.patience:
                missing = ", ".join(sorted({self.first, self.second} - found))
                raise _LessThanPromised(f"search does not find {missing} after {self.patience:.0f} s")
            time.sleep(min(1.0, self.patience / 10))
        return f"search finds both versions by a word after {time.monotonic() - start:.0f} s"

    def describe(self) -> str:
        self.registry.describe(Dataset(name=self.dataset, title="A check"), message=_WHY)
        return "the Dataset's page was changed, and the act is in its history"

    def retire(self) -> str:
        self.registry.retire(self.first, reason=_WHY, replacement=self.second)
        if self.registry.retirement(self.first) is None:
            raise _LessThanPromised(f"{self.first} was retired, but does not read back as retired")
        return f"{self.first} is retired in favour of {self.second}"

    def verify(self) -> str:
        changes = [line for each in (self.first, self.second) for line in self._changed(each)]
        if changes:
            raise _LessThanPromised("; ".join(changes))
        return "both records are as they were published"

    def clean_up(self) -> str:
        left = [urn for urn in self._urns() if not self._removed(urn)]
        if left:
            raise _LessThanPromised(
                f"the token may not remove {', '.join(left)}, which is as it should be for versions; an administrator "
                "can: datahub delete --urn URN"
            )
        return "what was published is removed"

    def _urns(self) -> list[str]:
        versions = [version_urn(each, self.env) for each in (self.second, self.first)]
        every = [*versions, materialization_urn(self.state, self.env), container_urn(self.dataset, self.env)]
        return list(self.store.read(every, ["subTypes"]))

    def _removed(self, urn: str) -> bool:
        try:
            self.store.upsert([Proposal(urn, "status", {"removed": True})])
        except RegistryError:
            return False
        return True

    def _changed(self, version: str) -> tuple[str, ...]:
        return self.registry.verify(version, record=True).record or ()

    def _declared(self) -> FeatureTable:
        return FeatureTable(
            dataset=Dataset(name=self.dataset, description=f"{_WHY}: {self.word}"),
            materializations=(self.state,),
            columns={"body_id": BodyId(id_space=self.state.system), "score": Score()},
        )


def _facts(word: str, version: int) -> TableFacts:
    """A table that does not exist: the registry reads no data."""
    return TableFacts(
        location=f"/feature_registry_check/{word}",
        pin=DeltaPin(table_id=word, version=version),
        fields=(TableField(path="body_id", type="int64"), TableField(path="score", type="float32")),
        arrow_schema="/////w==",
    )
