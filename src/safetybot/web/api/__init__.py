"""The JSON API under `/api/v1`: the same use cases as the pages, for programs with a token.

Lives here: routes, shapes, problems, tokens in headers, pace. Does not live here: who may do what
(`communities/access.py`), how tokens are made (`communities/api_tokens.py`).
"""
