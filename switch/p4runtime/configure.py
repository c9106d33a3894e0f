"""SetForwardingPipelineConfig: verifying, saving, committing, and keeping state over a change of program."""

import logging
from dataclasses import dataclass, field

from finsy.proto import p4r

from switch.engine.errors import BadConfig, EngineError
from switch.engine.program import Program, read_program
from switch.p4runtime.bindings import Bindings, bind
from switch.p4runtime.device_config import json_of
from switch.p4runtime.engine_errors import engine_call, translate
from switch.p4runtime.errors import P4RuntimeError, invalid, not_found
from switch.p4runtime.p4info import P4InfoIndex
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.reconcile import Commit, Reconciliation
from switch.p4runtime.shadow import ShadowEngine
from switch.p4runtime.target import Target, Verifier

LOG = logging.getLogger(__name__)
# Entries that no longer fit, told in the log one by one.
MAX_TOLD = 20
_ACTIONS = p4r.SetForwardingPipelineConfigRequest


@dataclass
class Saved:
    """A configuration that was verified but not committed, and the updates written to it since."""

    config: p4r.ForwardingPipelineConfig
    json: bytes
    bindings: Bindings
    pipeline: Pipeline
    updates: list[p4r.Update] = field(default_factory=list)


@dataclass(frozen=True)
class Verified:
    """A configuration that passed all checks."""

    config: p4r.ForwardingPipelineConfig
    json: bytes
    program: Program
    bindings: Bindings


def verify(request: p4r.SetForwardingPipelineConfigRequest, target: Target) -> Verified | None:
    """Checks a request's configuration; None for COMMIT, which brings none. Raises INVALID_ARGUMENT."""
    action = request.action
    if action == _ACTIONS.COMMIT:
        if request.HasField("config"):
            raise invalid("COMMIT takes no config; it realizes the one that was saved")
        return None
    if action not in _ACTIONS.Action.values() or action == _ACTIONS.UNSPECIFIED:
        known = ", ".join(f"{name} ({number})" for name, number in _ACTIONS.Action.items() if number)
        raise invalid(f"action {action} is not one of {known}")
    if not request.HasField("config"):
        raise invalid(f"{_ACTIONS.Action.Name(action)} needs a config")
    config = p4r.ForwardingPipelineConfig()
    config.CopyFrom(request.config)
    if not config.HasField("p4info"):
        raise invalid("the config has no p4info")
    json = json_of(config.p4_device_config)
    index = P4InfoIndex(config.p4info)
    try:
        program = read_program(json)
        bindings = bind(index, program)
        if isinstance(target, Verifier):
            target.verify(json)
    except EngineError as error:
        raise _cannot(error) from error
    return Verified(config, json, program, bindings)


def _cannot(error: EngineError) -> P4RuntimeError:
    where = "p4_device_config" if isinstance(error, BadConfig) else "the program cannot be realized"
    return translate(error, where)


class Configurator:
    """Holds the running and the saved configuration of a target."""

    def __init__(self, target: Target, cpu_port: int | None):
        self._target = target
        self._cpu_port = cpu_port
        self.running: Pipeline | None = None
        self.saved: Saved | None = None

    @property
    def current(self) -> Pipeline | None:
        """What reads and writes mean: the saved configuration while there is one."""
        return self.saved.pipeline if self.saved is not None else self.running

    def set(self, action: int, verified: Verified | None) -> None:
        """Does what the action says with a configuration that was verified."""
        match action:
            case _ACTIONS.VERIFY:
                pass
            case _ACTIONS.VERIFY_AND_SAVE if verified is not None:
                self.saved = self._save(verified)
            case _ACTIONS.VERIFY_AND_COMMIT if verified is not None:
                self._load(verified.json, Commit(verified.config, verified.bindings, self._cpu_port), keep=False)
            case _ACTIONS.RECONCILE_AND_COMMIT if verified is not None:
                self._reconcile(verified)
            case _:
                self._commit()

    def note(self, updates: list[p4r.Update]) -> None:
        """Remembers updates that were written to the saved configuration."""
        if self.saved is not None:
            self.saved.updates.extend(updates)

    def _save(self, verified: Verified) -> Saved:
        shadow = Pipeline(verified.config, verified.bindings, ShadowEngine(verified.program), bulk=False)
        return Saved(verified.config, verified.json, verified.bindings, shadow)

    def _commit(self) -> None:
        saved = self.saved
        if saved is None:
            raise not_found("no config was saved; VERIFY_AND_SAVE comes before COMMIT")
        commit = Commit(saved.config, saved.bindings, self._cpu_port, saved.updates)
        self._load(saved.json, commit, keep=False)
        if commit.failed:
            words = f"committed, but {len(commit.failed)} saved updates failed: {commit.failed[0].message}"
            raise P4RuntimeError(commit.failed[0].code, words)

    def _reconcile(self, verified: Verified) -> None:
        commit = Commit(verified.config, verified.bindings, self._cpu_port)
        if self.running is None:
            self._load(verified.json, commit, keep=True)
            return
        reconciliation = Reconciliation(self.running, commit)
        kept = self._load(verified.json, reconciliation, keep=True)
        LOG.info("reconciled kept=%d dropped=%d", len(kept), len(reconciliation.dropped))
        for words in reconciliation.dropped[:MAX_TOLD]:
            LOG.info("drop reason=%s", words)

    def _load(self, json: bytes, handover: "Commit | Reconciliation", *, keep: bool) -> list[str]:
        try:
            with engine_call("loading the program"):
                return self._target.load(json, keep=keep, handover=handover)
        finally:
            if handover.live(self._target.engine):
                self.saved = None
                self.running = handover.pipeline
