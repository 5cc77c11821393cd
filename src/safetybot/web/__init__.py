"""The pages for moderators and admins: thin views over `communities/`, rendered on the server.

Lives here: routes, templates, cookies, headers. Does not live here: who may do what (`communities/access.py`), what is
kept (the store, which this room never imports: what it needs comes in `parts.Parts`).
"""
