"""Writes the one contract out of signatures and manifests: `docs/openapi.json`, and the web's types from it.

A build tool: no deployed function imports it.
"""
