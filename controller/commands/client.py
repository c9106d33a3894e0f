"""A client of the REST API, and where it finds endpoint and token: option, environment, configuration file."""

from __future__ import annotations

import os
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from controller.errors import ControllerError

DEFAULT_ENDPOINT = "http://127.0.0.1:8473"
_TIMEOUT = 120.0  # seconds; applying a large region takes a while


class ClientError(ControllerError):
    """The controller refused, or could not be asked; `code` is AWS's where it refused."""

    def __init__(self, message: str, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field

    def __str__(self) -> str:
        place = f" ({self.field})" if self.field else ""
        return f"{self.code}{place}: {self.args[0]}" if self.code else str(self.args[0])


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where the controller is, who asks, and the file of a certificate authority other than the usual ones."""

    endpoint: str
    token: str
    ca: str | None = None


def configuration(
    endpoint: str | None, token: str | None, environment: Mapping[str, str] = os.environ
) -> Configuration:
    """What the options say, else P4VPC_ENDPOINT and P4VPC_TOKEN, else the file (~/.config/p4vpc/config.toml)."""
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(environment.get("P4VPC_CONFIG") or home / "p4vpc" / "config.toml")
    try:
        kept = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise ClientError(f"{path}: {error}") from None
    return Configuration(
        endpoint or environment.get("P4VPC_ENDPOINT") or str(kept.get("endpoint", DEFAULT_ENDPOINT)),
        token or environment.get("P4VPC_TOKEN") or str(kept.get("token", "")),
        environment.get("P4VPC_CA") or kept.get("ca"),
    )


_D = TypeVar("_D")


class Client:
    """Asks a controller. The endpoint is http://, https:// or unix:PATH."""

    def __init__(self, wanted: Configuration) -> None:
        if not wanted.token:
            raise ClientError("no token: give --token, set P4VPC_TOKEN, or write it into the configuration file")
        path = wanted.endpoint.removeprefix("unix:")
        is_unix = path != wanted.endpoint
        try:
            self._http = httpx.Client(
                base_url="http://controller" if is_unix else wanted.endpoint,
                transport=httpx.HTTPTransport(uds=path) if is_unix else None,
                verify=ssl.create_default_context(cafile=wanted.ca) if wanted.ca else True,
                headers={"Authorization": f"Bearer {wanted.token}"},
                timeout=_TIMEOUT,
                trust_env=False,
            )
        except (httpx.InvalidURL, ValueError, OSError) as error:
            raise ClientError(f"{wanted.endpoint}: {error}") from None
        self._endpoint = wanted.endpoint

    def call(self, verb: str, path: str, body: object = None, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The answer to a request; ClientError with the controller's code when it refuses."""
        return self._asked(verb, path, body, query, dict)

    def _asked(self, verb: str, path: str, body: object, query: Mapping[str, str] | None, kind: type[_D]) -> _D:
        try:
            answer = self._http.request(verb, f"/v1/{path}", json=body, params=query)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ClientError(f"{self._endpoint}: {error}; is the controller running (p4vpc serve)?") from None
        try:
            document = answer.json()
        except ValueError:
            document = None
        if answer.is_error and isinstance(document, dict):
            text = str(document.get("message", f"status {answer.status_code}"))
            raise ClientError(text, document.get("code"), document.get("field"))
        if not isinstance(document, kind):
            raise ClientError(f"{self._endpoint}: this is no p4vpc controller (status {answer.status_code})")
        return document

    def items(self, path: str, query: Mapping[str, str] | None = None, limit: int | None = None) -> Iterator[Any]:
        """All resources of a list, page after page, or the first `limit`."""
        wanted = dict(query or {}) | {"limit": str(min(limit or 1000, 1000))}
        count = 0
        while True:
            page = self.call("GET", path, query=wanted)
            for item in page["items"]:
                if limit is not None and count == limit:
                    return
                count += 1
                yield item
            if page["next_token"] is None:
                return
            wanted["next_token"] = page["next_token"]

    def listed(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """A list that comes in one piece."""
        return self._asked("GET", path, None, query, list)

    def close(self) -> None:
        """Ends the connection."""
        self._http.close()
