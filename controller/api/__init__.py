"""The REST API: resources with AWS's names and error codes, one revision in every answer."""

from controller.api.app import create_app

__all__ = ["create_app"]
