"""Checks of how a filter reaches the gateway: documents, modules, updates."""
