"""Arrays -> rows of a store's table."""

import numpy as np
import pyarrow as pa

from store.schema import BY_NAME


def rows(table: str, space: str, feature: np.ndarray, **columns: object) -> pa.Table:
    """Rows of a table about the features of one space; `columns` are arrays of shape (row,) for its other columns."""
    schema = BY_NAME[table].arrow
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(feature), np.int32)), [space]).cast(pa.string())
    given = {"space": names, "feature": feature, **columns}
    arrays = [given[f.name] if isinstance(given[f.name], pa.Array) else pa.array(given[f.name]) for f in schema]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema)
