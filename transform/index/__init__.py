"""What earlier processes derived, found again by what it was derived from."""

from .index import Derived, Subject, find, keep, key

__all__ = ["Derived", "Subject", "find", "keep", "key"]
