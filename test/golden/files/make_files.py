"""Writes the files of this folder with the tools that people use, so that their readers are held to the real thing.

    pip install numpy pandas pyarrow duckdb polars h5py usearch hnswlib vdf-io chromadb-data-pipes chromadb
    python make_files.py parquet|tables|indexes|vdf|chroma

Every file holds the same points: ids 0 to 4 (or as its format has them), `vector_of(i)`, and metadata that is easily lost.
"""

import contextlib
import datetime
import json
import os
import sys
import uuid
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
COUNT = 5
BEYOND = 2**53 + 1


def vector_of(i):
    return [i + 0.5, 1.0, -2.0, i / 8]


def vectors(dtype=np.float32):
    return np.array([vector_of(i) for i in range(COUNT)], dtype=dtype)


def parquet():
    import duckdb
    import pandas as pd
    import polars
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = [BEYOND, None, 2, 3, -(2**63)]
    tags = [["a", "b"], [], None, ["c"], ["é"]]
    stamps = [datetime.datetime(2024, 3, 31, 1, 59, 59, 999999, datetime.timezone.utc) for _ in range(COUNT)]
    # pandas' own way: an index, and lists of Python floats (double).
    pd.DataFrame(
        {"id": [f"doc-{i}" for i in range(COUNT)], "embedding": [vector_of(i) for i in range(COUNT)], "text": ["x"] * COUNT}
    ).to_parquet(HERE / "pandas.parquet")
    # Hugging Face's: fixed-size lists, several vectors, shards.
    half = pa.array([np.array(vector_of(i)[:2], np.float16) for i in range(COUNT)], pa.list_(pa.float16(), 2))
    table = pa.table(
        {
            "id": pa.array([2**63 - 1 - i for i in range(COUNT)], pa.int64()),
            "title_embedding": pa.array([vector_of(i) if i != 2 else None for i in range(COUNT)], pa.list_(pa.float32(), 4)),
            "body_embedding": half,
            "codes": pa.array([[i, -128, 127] for i in range(COUNT)], pa.list_(pa.int8(), 3)),
            "n": pa.array(n, pa.int64()),
            "tags": pa.array(tags, pa.list_(pa.string())),
            "at": pa.array(stamps, pa.timestamp("us", "UTC")),
            "maker": pa.array([{"name": "x", "since": stamps[0]}] * COUNT),
            "price": pa.array([None, -0.0, 1e300, 5e-324, 0.1], pa.float64()),
            "blob": pa.array([b"\x00\xff"] * COUNT, pa.binary()),
            "amount": pa.array([None, 1, 2, 3, 4], pa.decimal128(30, 2)),
            "day": pa.array([datetime.date(1969, 12, 31)] * COUNT),
        }
    )
    folder = HERE / "hf" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for shard, (start, size) in enumerate([(0, 3), (3, 2)]):
        pq.write_table(table.slice(start, size), folder / f"train-0000{shard}-of-00002.parquet", compression="zstd")
    # UUIDs as the type, and as text.
    ids = [uuid.UUID(int=i + 2**64) for i in range(COUNT)]
    uuids = pa.array([each.bytes for each in ids], pa.uuid())
    pq.write_table(pa.table({"id": uuids, "vector": list(vectors())}), HERE / "uuids.parquet")
    duckdb.sql(
        f"copy (select i::ubigint + 18446744073709551611 as id, [i + 0.5, 1, -2, i / 8]::float[4] as vector, "
        f"{{'a': i}} as metadata from range({COUNT}) t(i)) to '{HERE / 'duckdb.parquet'}' (format parquet)"
    )
    polars.DataFrame(
        {"key": [f"k{i}" for i in range(COUNT)], "emb": vectors(), "s": ["", None, "é", "e\u0301", "x"]},
        schema_overrides={"emb": polars.Array(polars.Float32, 4)},
    ).write_parquet(HERE / "polars.parquet")


def tables():
    import h5py

    np.save(HERE / "half.npy", vectors(np.float16))
    rows = [{"id": f"r{i}", "n": BEYOND, "null": None, "f": -0.0} for i in range(COUNT)]
    (HERE / "half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with h5py.File(HERE / "table.hdf5", "w") as file:
        file.create_dataset("train", data=vectors())
        file.create_dataset("test", data=vectors()[:1])
        file.attrs["distance"] = "euclidean"


    import pyarrow as pa
    import pyarrow.feather

    stamp = datetime.datetime(2024, 1, 1)
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.uint64()),
            "vector": pa.array([[0.5, 1], [2, 3]], pa.list_(pa.float32(), 2)),
            "half": pa.array([[0.5, 1], [2, 3]], pa.list_(pa.float32(), 2)),
            "at": pa.array([stamp] * 2, pa.timestamp("us", "UTC")),
            "d": pa.array([{"a": 1}, {"a": None}]),
        }
    )
    pa.feather.write_feather(table, HERE / "pyarrow.arrow", compression="uncompressed")


def indexes():
    import hnswlib
    import usearch.index

    labels = np.array([7, 2**40, 3, 4, 5])
    for space in ["cosine", "l2"]:
        index = hnswlib.Index(space, 4)
        index.init_index(10)
        index.add_items(vectors(), labels)
        index.mark_deleted(3)
        index.save_index(str(HERE / f"{space}.hnsw"))
    keys = np.array([7, 2**63 - 1, 3, 4, 2**64 - 2], np.uint64)
    for dtype in ["f32", "f16", "bf16", "i8"]:
        index = usearch.index.Index(ndim=4, metric="cos", dtype=dtype)
        index.add(keys, vectors())
        index.remove(3)
        index.save(str(HERE / f"{dtype}.usearch"))
    index = usearch.index.Index(ndim=16, metric="hamming", dtype="b1")
    index.add(keys, np.array([[0b10110000, i] for i in range(COUNT)], np.uint8))
    index.save(str(HERE / "b1.usearch"))


def vdf():
    from vdf_io.export_vdf.vdb_export_cls import ExportVDB

    class Export(ExportVDB):
        DB_NAME_SLUG = "pinecone"
        get_index_names = get_all_index_names = get_data = export_vdb = make_parser = lambda *_: None

    os.chdir(HERE)
    export = Export({"library_version": "0.1.248", "model_name": "all-MiniLM-L6-v2"})
    namespaces = []
    for namespace in ["north", "south"]:
        folder = export.create_vec_dir(os.path.join("docs", namespace))
        rows = {f"{namespace}-{i}": np.array(vector_of(i), np.float32) for i in range(COUNT)}
        meta = {id: {"n": i, **({"s": "é"} if i else {})} for i, id in enumerate(rows)}
        done = export.save_vectors_to_parquet(rows, meta, folder)
        about = export.get_namespace_meta("docs", folder, done + 1, done, 4, distance="dotproduct")
        about.namespace = namespace
        namespaces.append(about)
    about = export.get_basic_vdf_meta({"docs": namespaces})
    about.author, about.exported_at = "a", "2024-03-31T00:00:00+00:00"
    (Path(export.vdf_directory) / "VDF_META.json").write_text(json.dumps(about.model_dump(), indent=2))
    os.rename(export.vdf_directory, HERE / "vdf")


def chroma():
    """A collection in Chroma, exported by chromadb-data-pipes in both of its forms."""
    import tempfile

    import chromadb
    from chroma_dp.chroma.chroma_export import chroma_export, chroma_export_cli

    with tempfile.TemporaryDirectory() as place:
        client = chromadb.PersistentClient(place)
        docs = client.create_collection("docs")
        ids = [f"c{i}" for i in range(COUNT)]
        docs.add(
            ids=ids,
            embeddings=[vector_of(i) for i in range(COUNT)],
            documents=[f"text {i}" for i in range(COUNT)],
            metadatas=[{"n": i, "f": 0.5, "s": "é", "b": True} for i in range(COUNT)],
        )
        # `cdp export` writes this to its standard output; with --out, version 0.0.12 writes Python's b'...' instead of JSON.
        with open(HERE / "cdp-record.jsonl", "w") as out, contextlib.redirect_stdout(out):
            chroma_export_cli(f"file://{place}/docs", None, None, False, -1, 0, 100, "embedding", None, "id", "text_chunk", None, None, "record", 1)
        # Of its other form the arrays are numpy's, which version 0.0.12 cannot write.
        with open(HERE / "cdp-jsonl.jsonl", "w") as out:
            for line in chroma_export(f"file://{place}/docs", format_output="jsonl"):
                out.write(json.dumps({**line, "embedding": line["embedding"].tolist()}) + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        {"parquet": parquet, "tables": tables, "indexes": indexes, "vdf": vdf, "chroma": chroma}[name]()
