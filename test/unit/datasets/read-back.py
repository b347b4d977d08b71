"""Prints what numpy, pyarrow, h5py or pandas reads from a file, as JSON: python read-back.py FILE."""

import json
import sys


def column(values):
    return [text(value) for value in values]


def text(value):
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def arrow(table):
    columns = {name: column(table[name].to_pylist()) for name in table.column_names}
    columns["big"] = [str(value) for value in columns["big"]]
    return {"columns": columns, "types": {field.name: str(field.type) for field in table.schema}}



path = sys.argv[1]
if path.endswith(".parquet"):
    import pyarrow.parquet as pq

    found = arrow(pq.read_table(path))
elif path.endswith(".feather"):
    import pyarrow.feather as feather

    found = arrow(feather.read_table(path))
elif path.endswith(".arrows"):
    import pyarrow as pa

    found = arrow(pa.ipc.open_stream(path).read_all())
elif path.endswith(".npy"):
    import numpy as np

    found = {"arrays": {"array": np.load(path).tolist()}}
elif path.endswith(".npz"):
    import numpy as np

    found = {"arrays": {name: array.tolist() for name, array in np.load(path).items()}}
elif path.endswith(".hdf5"):
    import h5py

    with h5py.File(path) as file:
        found = {"arrays": {name: file[name][:].tolist() for name in file} | {"distance": file.attrs["distance"]}}
else:
    import pandas as pd

    if ".jsonl" in path:
        frame = pd.read_json(path, lines=True, precise_float=True, dtype=False, convert_dates=False)
    else:
        frame = pd.read_csv(path, sep="\t" if path.endswith(".tsv") else ",")
        frame["vector"] = [json.loads(value) for value in frame["vector"]]
    import numpy as np

    # Texts hold the shortest digits of a float32.
    frame["vector"] = [np.array(value, dtype=np.float32).tolist() for value in frame["vector"]]
    frame = frame.astype(object).where(frame.notna(), None)
    found = {"columns": {name: frame[name].tolist() for name in frame if name not in ("big", "when", "tags", "counts")}}
json.dump(found, sys.stdout)
