"""Running schedules: each by its seed, which a failure names."""

from collections.abc import Callable

__all__ = ["run"]


def run(schedule: Callable[[int], None], seeds: range) -> None:
    """Run a schedule for each seed."""
    for seed in seeds:
        try:
            schedule(seed)
        except AssertionError as error:
            raise AssertionError(f"schedule {seed}: {error}") from error
