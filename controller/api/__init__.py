"""The REST API: resources with AWS's names and error codes, one revision in every answer."""
