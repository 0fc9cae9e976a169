"""What can go wrong when a store is read. Every text is one line: what was asked, what exists, what to do.

StoreError
├── NotAStore        the folder or file is no store, is damaged, or cannot be read
│   └── StoreLocked  another program has it open for writing
├── WrongSchema      the store was written by a newer (or much older) Homolog
├── StoreReplaced    another store was published while a question was on its way
├── UnknownName      a space, feature, comparison or passage that this store does not have
└── QueryRefused     SQL that is not allowed, or is wrong
    └── QueryStopped SQL that ran past its limits of time or memory
"""


class StoreError(Exception):
    """Parent of everything that the store raises on purpose."""


class NotAStore(StoreError):
    """The folder holds no store, or one that cannot be read."""


class StoreLocked(NotAStore):
    """Another program has the store's file open for writing."""


class WrongSchema(StoreError):
    """The store's schema is not the one that this version reads."""


class StoreReplaced(StoreError):
    """The store that was asked about is not in the folder any more; the new one is."""


class UnknownName(StoreError):
    """A link or a call names something that this store does not have."""


class QueryRefused(StoreError):
    """A visitor's SQL was refused, failed or was stopped."""


class QueryStopped(QueryRefused):
    """A visitor's SQL ran, and was stopped at a limit."""
