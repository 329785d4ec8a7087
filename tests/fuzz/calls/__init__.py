"""Valid calls, a module a package."""
