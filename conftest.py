"""Where the plugins of this project are named; nothing else belongs here."""

pytest_plugins = ("reports.plugin", "filters.plugin", "bookinfo.plugin", "clusters.plugin")
