"""The fast way for batches: plain table entries reach the engine in one call for each run of them."""

import logging

from finsy.proto import p4r

from switch.engine.errors import EngineError
from switch.p4runtime.decode import Decoder, Run
from switch.p4runtime.pipeline import Pipeline

LOG = logging.getLogger(__name__)
# Updates decoded at a time, which bounds the memory for operations.
MAX_BATCH = 1 << 18


def runs(pipeline: Pipeline, request: p4r.WriteRequest, raw: bytes | None) -> list[Run]:
    """A batch in runs; one ordinary run when the fast way does not pay or is not possible."""
    count = len(request.updates)
    if not pipeline.bulk or not 0 < count <= MAX_BATCH:
        return [Run(None, 0, count, b"")]
    if pipeline.decoder is None:
        try:
            pipeline.decoder = Decoder(list(pipeline.tables.values()))
        except EngineError as error:
            LOG.warning("decode slowly: %s", error)
            pipeline.bulk = False
            return [Run(None, 0, count, b"")]
    return pipeline.decoder.decode(raw if raw is not None else request.SerializeToString(), count)


def write_run(run: Run) -> list[int]:
    """Gives a run to the engine; returns the positions in the batch that it refused."""
    if run.state is None:
        return list(range(run.first, run.first + run.count))
    results = run.state.table.write_packed(run.ops, run.count)
    return [run.first + i for i, result in enumerate(results) if isinstance(result, EngineError)]
