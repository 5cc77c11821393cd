"""One file a page: each asks one use case and shows what it says. No decisions, no rights, no queries."""
