"""What earlier processes derived, found again by what it was derived from."""

from .index import Derived, Outline, Subject, find, keep, key, sources

__all__ = ["Derived", "Outline", "Subject", "find", "keep", "key", "sources"]
