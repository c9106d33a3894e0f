"""The Write RPC: a batch of updates with one of P4Runtime's three kinds of atomicity."""

from contextlib import AbstractContextManager, nullcontext

from finsy.proto import p4r

from switch.p4runtime.bulk import runs, write_run
from switch.p4runtime.decode import Run
from switch.p4runtime.entities import apply
from switch.p4runtime.errors import Code, P4RuntimeError, batch_error, denied, invalid, unimplemented
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.roles import Access
from switch.p4runtime.target import Pausable
from switch.p4runtime.undo import undo_of

_OK = p4r.Error(canonical_code=0)


def write(
    pipeline: Pipeline, request: p4r.WriteRequest, access: Access, target: object, raw: bytes | None = None
) -> None:
    """Applies a batch; raises UNKNOWN with one detail per update when something failed.

    CONTINUE_ON_ERROR tries every update. ROLLBACK_ON_ERROR stops at the first error and undoes what came before it.
    DATAPLANE_ATOMIC is ROLLBACK_ON_ERROR while the target holds its packets; a target that cannot do that gets
    batches of one update only, which are atomic by themselves. `raw` is the serialized request, when it is at hand.
    """
    match request.atomicity:
        case p4r.WriteRequest.CONTINUE_ON_ERROR:
            details = _continue(pipeline, request, access, raw)
        case p4r.WriteRequest.ROLLBACK_ON_ERROR:
            details = _rollback(pipeline, request, access)
        case p4r.WriteRequest.DATAPLANE_ATOMIC:
            with _held(request, target):
                details = _rollback(pipeline, request, access)
        case other:
            known = ", ".join(f"{name} ({number})" for name, number in p4r.WriteRequest.Atomicity.items())
            raise invalid(f"atomicity {other} is not one of {known}")
    if details:
        raise batch_error([details.get(i, _OK) for i in range(len(request.updates))])


def _held(request: p4r.WriteRequest, target: object) -> AbstractContextManager[None]:
    if isinstance(target, Pausable):
        return target.paused()
    if len(request.updates) > 1:
        raise unimplemented(
            "DATAPLANE_ATOMIC is offered for a single update on this target; use ROLLBACK_ON_ERROR for a batch"
        )
    return nullcontext()


def _continue(pipeline: Pipeline, request: p4r.WriteRequest, access: Access, raw: bytes | None) -> dict[int, p4r.Error]:
    details: dict[int, p4r.Error] = {}
    batch = runs(pipeline, request, raw) if access.ids is None else [Run(None, 0, len(request.updates), b"")]
    for run in batch:
        # What the engine refused is tried again the ordinary way, which finds the words.
        for index in write_run(run):
            error = _try(pipeline, request.updates[index], access)
            if error is not None:
                details[index] = error.detail()
    return details


def _rollback(pipeline: Pipeline, request: p4r.WriteRequest, access: Access) -> dict[int, p4r.Error]:
    undo: list[p4r.Update] = []
    for index, update in enumerate(request.updates):
        before = undo_of(pipeline, update)
        error = _try(pipeline, update, access)
        if error is not None:
            _undo(pipeline, undo)
            words = f"undone or not tried, because update {index} failed"
            other = P4RuntimeError(Code.ABORTED, words).detail()
            return {i: error.detail() if i == index else other for i in range(len(request.updates))}
        undo += reversed(before)
    return {}


def _undo(pipeline: Pipeline, undo: list[p4r.Update]) -> None:
    for update in reversed(undo):
        try:
            apply(pipeline, update.type, update.entity)
        except P4RuntimeError as error:
            raise P4RuntimeError(Code.INTERNAL, f"the batch failed and could not be undone: {error.message}") from error


def _try(pipeline: Pipeline, update: p4r.Update, access: Access) -> P4RuntimeError | None:
    try:
        if not access.allows(update.entity):
            raise denied("the role's configuration does not include this object")
        apply(pipeline, update.type, update.entity)
    except P4RuntimeError as error:
        return error
    return None
