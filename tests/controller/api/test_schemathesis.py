"""Requests made from the OpenAPI description: no 5xx, and no answer that the description does not allow.

Schemathesis makes and judges them; its pytest plugin is not used, hypothesis runs its strategies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.controller.api.server import Api
from tests.controller.api.test_api import network

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BODY_CHECKS: Any = [*CHECKS, negative_data_rejection]  # elsewhere the token that it leaves away is put back
BOUNDED = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_the_api_keeps_to_its_description(tmp_path: Path, mode: GenerationMode) -> None:
    """As operator and as account, with ids that exist and with others."""
    api = Api(tmp_path / "p4vpc.db")
    ids = network(api)
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", api.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        keep_to_it(api, ids, operation, mode)
    api.ledger.store.close()


def keep_to_it(api: Api, ids: dict[str, str], operation: Any, mode: GenerationMode) -> None:
    """Some requests for one operation; in half of those that only read or change, a real id for the made-up one."""
    kind = operation.path.split("/")[2]
    checks = BODY_CHECKS if list(operation.body) else CHECKS
    real = mode is GenerationMode.POSITIVE and kind in ids and operation.method != "delete"

    @BOUNDED
    @given(
        case=operation.as_strategy(generation_mode=mode),
        token=st.sampled_from([api.operator, api.blue]),
        existing=st.booleans(),
    )
    def run(case: Any, token: str, existing: bool) -> None:
        if real and existing:
            case.path_parameters = {name: ids[kind] for name in case.path_parameters or {}}
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    run()
