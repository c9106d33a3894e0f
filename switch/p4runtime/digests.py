"""Digests: gathering into lists, keeping back what was not acknowledged (P4Runtime 1.4, DigestEntry).

Time is a parameter in nanoseconds, so that the lab's virtual clock works here too.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from finsy.proto import p4d, p4r

from switch.p4runtime.bindings import DigestBinding
from switch.p4runtime.errors import already_exists, invalid, not_found, place

Message = tuple[int, ...]


@dataclass
class DigestState:
    """One digest; `config` is None while it is not enabled."""

    binding: DigestBinding
    config: p4r.DigestEntry.Config | None = None
    waiting: dict[Message, None] = field(default_factory=dict)
    waiting_since: int = 0
    unacknowledged: dict[int, tuple[int, tuple[Message, ...]]] = field(default_factory=dict)
    sent: set[Message] = field(default_factory=set)
    next_list: int = 1
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def write(self, kind: p4r.Update.Type.ValueType, message: p4r.DigestEntry) -> None:
        """Enables, changes or disables the digest."""
        with self._lock, place(f"digest {self.binding.name!r}"):
            if kind == p4r.Update.INSERT and self.config is not None:
                raise already_exists("it is enabled already; MODIFY changes it")
            if kind != p4r.Update.INSERT and self.config is None:
                raise not_found("it is not enabled; INSERT enables it")
            if kind == p4r.Update.DELETE:
                self._clear()
                self.config = None
                return
            config = p4r.DigestEntry.Config()
            config.CopyFrom(message.config)
            for name in ("max_timeout_ns", "max_list_size", "ack_timeout_ns"):
                if getattr(config, name) < 0:
                    raise invalid(f"{name} {getattr(config, name)} is negative")
            self.config = config

    def read(self) -> Iterator[p4r.Entity]:
        """The configuration, when enabled."""
        if self.config is not None:
            yield p4r.Entity(digest_entry=p4r.DigestEntry(digest_id=self.binding.id, config=self.config))

    def add(self, numbers: Message, now: int) -> p4r.DigestList | None:
        """Takes one message from the data plane; gives a list when one is due."""
        with self._lock:
            if self.config is None:
                return None
            self._expire(now)
            if numbers in self.sent or numbers in self.waiting:
                return None
            if not self.waiting:
                self.waiting_since = now
            self.waiting[numbers] = None
            size = self.config.max_list_size
            full = self.config.max_timeout_ns == 0 or (size and len(self.waiting) >= size)
            return self._flush(now) if full else None

    def acknowledge(self, list_id: int) -> None:
        """Lets the messages of a list be told again."""
        with self._lock:
            _, messages = self.unacknowledged.pop(list_id, (0, ()))
            self.sent.difference_update(messages)

    def due(self, now: int) -> p4r.DigestList | None:
        """A list that has waited long enough."""
        with self._lock:
            deadline = self.deadline()
            return self._flush(now) if deadline is not None and now >= deadline else None

    def deadline(self) -> int | None:
        """When `due` will have something, in nanoseconds."""
        with self._lock:
            if self.config is None or not self.waiting:
                return None
            return self.waiting_since + self.config.max_timeout_ns

    def forget_sent(self) -> None:
        """After a change of the primary client: what was sent to the old one may be told again."""
        with self._lock:
            self.unacknowledged.clear()
            self.sent.clear()

    def _flush(self, now: int) -> p4r.DigestList:
        messages = tuple(self.waiting)
        self.waiting.clear()
        number, self.next_list = self.next_list, self.next_list + 1
        if self.config is not None and self.config.ack_timeout_ns:
            self.unacknowledged[number] = (now, messages)
            self.sent.update(messages)
        return p4r.DigestList(
            digest_id=self.binding.id, list_id=number, data=[self._data(message) for message in messages], timestamp=now
        )

    def _data(self, message: Message) -> p4d.P4Data:
        return self.binding.shape.encode(iter(message))

    def _expire(self, now: int) -> None:
        if self.config is None:
            return
        old = [n for n, (when, _) in self.unacknowledged.items() if now - when >= self.config.ack_timeout_ns]
        for number in old:
            self.acknowledge(number)

    def _clear(self) -> None:
        self.waiting.clear()
        self.forget_sent()
