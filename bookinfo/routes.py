"""The routes and methods that every suite walks through."""

from __future__ import annotations

#: Where Bookinfo's VirtualService leads to the product page, one path per match, in its order.
PREFIXES = ("/productpage", "/static/style.css", "/login", "/logout", "/api/v1/products")

#: The methods of RFC 9110 and 5789 that a proxy forwards like any other (CONNECT is a tunnel).
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

#: A host of its own on the same gateway where every path reaches the application: Bookinfo's own
#: routes answer 404 for most paths, which would hide a request that slipped past a filter.
ECHO_HOST = "echo.test"
