"""Writes the files beside it with the tools that people use. Needs numpy, h5py, pyarrow, pandas and duckdb:
python make-fixtures.py

Every file holds the same 20 vectors of 6 dimensions, whose components are exact in float16:
x[i][j] = ((i * 7 + j * 3) % 32 - 16) / 8 + i. Integer files hold (i * 7 + j * 3) % 32 instead.
"""

import datetime as dt
import os

import duckdb
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

os.chdir(os.path.dirname(os.path.abspath(__file__)))
N, D = 20, 6
i, j = np.meshgrid(np.arange(N), np.arange(D), indexing="ij")
steps = (i * 7 + j * 3) % 32
x = ((steps - 16) / 8 + i).astype(np.float64)
queries = x[:3] + 0.25
ids = [f"p{n}" for n in range(N)]
tags = [None if n % 4 == 0 else [f"t{k}" for k in range(n % 3)] for n in range(N)]
score = [None if n % 5 == 0 else n / 4 for n in range(N)]
when = [dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(days=n) for n in range(N)]

# npy
for kind in ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8"]:
    order = "be" if kind[0] == ">" else "le"
    np.save(f"{kind[1:]}-{order}.npy", x.astype(kind))
np.save("u1.npy", steps.astype(np.uint8))
np.save("i1.npy", (steps - 16).astype(np.int8))
np.save("f4-le.queries.npy", queries.astype("<f4"))
np.save("fortran.npy", np.asfortranarray(x.astype("<f4")))
np.save("one-dimension.npy", x[0].astype("<f4"))
np.save("int64.npy", steps.astype(np.int64))
with open("version2.npy", "wb") as file:
    np.lib.format.write_array(file, x.astype("<f4"), version=(2, 0))

# HDF5 in the layout of ann-benchmarks
near = np.array([[n, (n + 1) % N, (n + 2) % N] for n in range(3)])


def hdf5(name, distance, train=x.astype("f4"), test=queries.astype("f4"), neighbors=near.astype("i4"), **options):
    with h5py.File(name, "w") as file:
        if distance is not None:
            file.attrs["distance"] = distance
        if train is not None:
            file.create_dataset("train", data=train, **options)
        if test is not None:
            file.create_dataset("test", data=test)
            file.create_dataset("neighbors", data=neighbors)
            file.create_dataset("distances", data=np.linspace(0, 1, neighbors.size, dtype="f4").reshape(neighbors.shape))


hdf5("angular-gzip-chunks.hdf5", "angular", compression="gzip", chunks=(7, 4))
hdf5("euclidean-f8-i8.hdf5", np.bytes_("euclidean"), x, queries, near.astype("i8"))
hdf5("ip.hdf5", "ip")
hdf5("no-metric.h5", None)
hdf5("hamming.hdf5", "hamming", x > 0, queries > 0)
hdf5("no-test.hdf5", "euclidean", test=None)
hdf5("no-train.hdf5", "euclidean", None)
hdf5("wrong-neighbors.hdf5", "euclidean", neighbors=near + N)

# Parquet
columns = {"doc_id": ids, "tags": tags, "score": score, "when": when, "n": list(range(N))}


def table(vectors, name="embedding", **more):
    return pa.table({**columns, name: vectors, **more})


def lists(kind, rows=x):
    return pa.array([row.tolist() for row in rows], pa.list_(kind))


fixed = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel(), pa.float32()), D)
pq.write_table(table(lists(pa.float32())), "pyarrow-list-float-snappy.parquet")
pq.write_table(table(fixed), "pyarrow-fixed-size-list-zstd.parquet", compression="zstd")
pq.write_table(table(lists(pa.float64())), "pyarrow-list-double-gzip.parquet", compression="gzip")
half = pa.array([row.astype("f2") for row in x], pa.list_(pa.float16()))
pq.write_table(table(half), "pyarrow-list-half-brotli.parquet", compression="brotli")
pq.write_table(table(lists(pa.int64(), steps)), "pyarrow-list-int64-lz4.parquet", compression="lz4")
pq.write_table(
    table(lists(pa.float32())),
    "pyarrow-small-pages-v2.parquet",
    data_page_version="2.0",
    data_page_size=64,
    write_batch_size=4,
    row_group_size=9,
    use_dictionary=False,
)
pq.write_table(table(lists(pa.float32())), "pyarrow-small-pages-v1.parquet", data_page_size=64, write_batch_size=4, row_group_size=9)
frame = pd.DataFrame({"text": ids, "vector": [row.astype("f4") for row in x], "n": range(N)}, index=[f"r{n}" for n in range(N)])
frame.to_parquet("pandas.parquet")
rows = pa.table({"id": list(range(100, 100 + N)), "v": fixed, "day": [w.date() for w in when]})
duckdb.sql("COPY (SELECT id, v::FLOAT[6] AS v, day, n % 2 = 0 AS even FROM rows JOIN range(20) t(n) ON n + 100 = id ORDER BY id) TO 'duckdb.parquet' (FORMAT parquet)")
pq.write_table(pa.table({"id": ids[:3], "vector": lists(pa.float32(), queries)}), "pandas.queries.parquet")

# Bad input
pq.write_table(table(lists(pa.float32()), "a", b=lists(pa.float32())), "two-lists.parquet")
pq.write_table(pa.table({"id": ids}), "no-vector.parquet")


def broken(name, row, value, data_ids=ids):
    changed = [each.tolist() for each in x]
    changed[row] = value
    pq.write_table(pa.table({"id": data_ids, "vector": pa.array(changed, pa.list_(pa.float32()))}), name)


broken("null-vector.parquet", 7, None)
broken("empty-vector.parquet", 7, [])
broken("null-component.parquet", 7, [1, 2, None, 4, 5, 6])
broken("short-vector.parquet", 7, [1, 2, 3, 4, 5])
broken("long-vector.parquet", 7, [1, 2, 3, 4, 5, 6, 7])
broken("nan.parquet", 7, [1, 2, float("nan"), 4, 5, 6])
broken("infinite.parquet", 7, [1, 2, 3, 4, float("-inf"), 6])
broken("zero.parquet", 7, [0] * D)
broken("duplicate-id.parquet", 7, x[7].tolist(), ids[:7] + ["p3"] + ids[8:])
