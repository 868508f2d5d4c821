"""What can go wrong between a client and a server: one by one, or at random from a seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Literal, get_args

__all__ = ["FAULTS", "READ_FAULTS", "STATUS_FAULTS", "WRITE_FAULTS", "Fault", "Faults"]

Fault = Literal[
    "commit_then_500",
    "answer_lost",
    "lost_before_commit",
    "slow",
    "late_commit",
    "refused",
    "item_skipped_silently",
    "duplicate_delivery",
    "stale_search",
    "401",
    "403",
    "413",
    "422",
    "429",
    "500",
    "503",
]
"""A fault of one request.

commit_then_500        processed; the answer says 500
answer_lost            processed; the connection closes without an answer
lost_before_commit     read, not processed; the connection closes without an answer
slow                   processed; the answer comes after `Faults.delay` seconds
late_commit            processed only after `Faults.delay` seconds: the client has given up and read back before
refused                the connection is reset before the request is read
item_skipped_silently  one proposal is not processed; the answer is as if it were
duplicate_delivery     processed twice; the answer is the second one
stale_search           the search index is not updated, though the proposals asked for it
401 … 503              that status; nothing is processed. 429 has a Retry-After
"""

FAULTS: tuple[Fault, ...] = get_args(Fault)
STATUS_FAULTS: tuple[Fault, ...] = ("401", "403", "413", "422", "429", "500", "503")
READ_FAULTS: tuple[Fault, ...] = ("answer_lost", "slow", "refused", *STATUS_FAULTS)
"""Those that mean something for a request that writes nothing."""

WRITE_FAULTS: tuple[Fault, ...] = tuple(fault for fault in FAULTS if fault != "late_commit")
"""All whose outcome depends on the seed alone. With `late_commit` it depends on the clock too."""


class Faults:
    """Decides, request by request, what goes wrong. By default nothing.

    The same seed gives the same faults to a client that sends one request after another.

    Attributes:
        delay: Seconds that `slow` and `late_commit` wait; choose more than the client's timeout.
        retry_after: Seconds in the Retry-After of a 429.
    """

    def __init__(self, *, delay: float = 0.3, retry_after: int = 0) -> None:
        self.delay = delay
        self.retry_after = retry_after
        self._next: deque[tuple[Fault, bool]] = deque()
        self._random = random.Random(0)
        self._rate = 0.0
        self._kinds: Sequence[Fault] = ()
        self._reads = False

    @classmethod
    def random(
        cls,
        seed: int,
        rate: float,
        kinds: Sequence[Fault] = WRITE_FAULTS,
        *,
        reads: bool = False,
        delay: float = 0.3,
        retry_after: int = 0,
    ) -> Faults:
        """Each request fails with a probability, in one of several ways, all equally likely.

        Args:
            seed: What decides.
            rate: The probability, 0 to 1.
            kinds: The ways.
            reads: Whether requests that only read fail too, in those ways that are in `READ_FAULTS`.
            delay: As in the class.
            retry_after: As in the class.
        """
        faults = cls(delay=delay, retry_after=retry_after)
        faults._random = random.Random(seed)
        faults._rate = rate
        faults._kinds = kinds
        faults._reads = reads
        return faults

    def next(self, *faults: Fault, reads: bool = False) -> None:
        """Let the following requests fail, one fault a request.

        Args:
            *faults: What happens, in this order.
            reads: Whether a request that only reads takes its turn; else reads pass unharmed.
        """
        for fault in faults:
            if fault not in FAULTS:
                raise ValueError(f"no fault {fault!r}; there are {', '.join(FAULTS)}")
            self._next.append((fault, reads))

    def take(self, writes: bool) -> Fault | None:
        """The fault of the request that arrives now.

        Args:
            writes: Whether it is a write.
        """
        if self._next and (writes or self._next[0][1]):
            return self._next.popleft()[0]
        if not (writes or self._reads) or self._random.random() >= self._rate:
            return None
        kinds: list[Fault] = [kind for kind in self._kinds if writes or kind in READ_FAULTS]
        return self._random.choice(kinds) if kinds else None

    def pick(self, count: int) -> int:
        """Which of several proposals is skipped."""
        return self._random.randrange(count)
