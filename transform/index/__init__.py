"""What earlier processes derived, found again by what it was derived from."""

from .index import Derived, Entry, Outline, Subject, entry, sources

__all__ = ["Derived", "Entry", "Outline", "Subject", "entry", "sources"]
