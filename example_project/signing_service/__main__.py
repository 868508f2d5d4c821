"""Serve: `SIGNING_POLICY=policy.yaml python -m example_project.signing_service`."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from example_project.signing_service.policy import Policy
from example_project.signing_service.service import signing_app

__all__ = ["main"]


def main() -> None:
    """Serve on loopback. Before it is opened to a network, put TLS in front: tokens and links are secrets."""
    policy = Policy.from_yaml(Path(os.environ["SIGNING_POLICY"]))
    uvicorn.run(signing_app(policy), host="127.0.0.1", port=int(os.environ.get("SIGNING_PORT", "8181")))


if __name__ == "__main__":
    main()
