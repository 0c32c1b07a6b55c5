"""The judge of the project: emitted derivatives beside those that a careful person writes, and others."""
