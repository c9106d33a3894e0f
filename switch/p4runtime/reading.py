"""The Read RPC: a batch of queries, answered in chunks."""

from collections.abc import Iterator

from finsy.proto import p4r

from switch.p4runtime.entities import read
from switch.p4runtime.errors import P4RuntimeError, batch_error
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.roles import Access

# Entities in one response.
READ_CHUNK = 512


def read_chunks(
    pipeline: Pipeline, request: p4r.ReadRequest, access: Access
) -> Iterator[p4r.ReadResponse | P4RuntimeError]:
    """The responses, and at the end the error, if any query failed."""
    details: list[p4r.Error] = []
    response = p4r.ReadResponse()
    for query in request.entities:
        detail = p4r.Error()
        try:
            for entity in read(pipeline, query):
                if not access.allows(entity):
                    continue
                response.entities.append(entity)
                if len(response.entities) >= READ_CHUNK:
                    yield response
                    response = p4r.ReadResponse()
        except P4RuntimeError as error:
            detail = error.detail()
        details.append(detail)
    if response.entities:
        yield response
    if any(detail.canonical_code for detail in details):
        yield batch_error(details)
