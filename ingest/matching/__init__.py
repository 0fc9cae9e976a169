"""All-pairs matching of two spaces: candidates by tiles, exact evidence of what is kept, one-to-one assignment."""

from ingest.matching.match import match

__all__ = ["match"]
