"""Writes the files beside it with the tools that people use. Needs numpy, h5py, pyarrow, pandas, zstandard and faiss-cpu:
python make-formats.py

Points: 20 vectors of 6 dimensions, exact in float16 (see ../make-fixtures.py); integer files hold (i * 7 + j * 3) % 32.
Ids, where a file has some, are in another order than the rows: the id of row i is (i * 7 + 3) % 20.
"""

import base64
import gzip
import json
import os
import uuid
from decimal import Decimal

import faiss
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import zstandard

os.chdir(os.path.dirname(os.path.abspath(__file__)))
N, D = 20, 6
i, j = np.meshgrid(np.arange(N), np.arange(D), indexing="ij")
steps = (i * 7 + j * 3) % 32
x = ((steps - 16) / 8 + i).astype(np.float64)
f4 = x.astype("f4")
ids = [(n * 7 + 3) % N for n in range(N)]
queries = f4[:3]
near = np.array([[n, (n + 1) % N, (n + 2) % N] for n in range(3)], "i4")


def vectors(a=f4, kind=pa.float32()):
    return pa.array([row.tolist() for row in a], pa.list_(kind))


def parquet(name, **columns):
    pq.write_table(pa.table(columns), name)


# Ids of every type
parquet("id-decimal.parquet", id=pa.array([Decimal(n + 10**30) for n in ids], pa.decimal128(38, 0)), embedding=vectors())
parquet("id-decimal-scale.parquet", id=pa.array([Decimal(n) / 4 for n in ids], pa.decimal128(38, 2)), embedding=vectors())
parquet("id-float64.parquet", id=pa.array([float(n) for n in ids]), embedding=vectors())
parquet("id-float64-beyond.parquet", id=pa.array([float(n + 2**53) for n in ids]), embedding=vectors())
parquet("id-float64-null.parquet", id=pd.Series([None if n == 5 else float(n) for n in ids]).to_numpy("float64"), embedding=vectors())
parquet("id-int64.parquet", id=pa.array([n + 2**60 for n in ids]), embedding=vectors())
parquet("id-uint64.parquet", id=pa.array([n + 2**63 for n in ids], pa.uint64()), embedding=vectors())
parquet("id-uint32.parquet", id=pa.array([n + 2**31 for n in ids], pa.uint32()), embedding=vectors())
uuids = [uuid.UUID(int=n + (7 << 64)) for n in ids]
parquet("id-binary16.parquet", id=pa.array([u.bytes for u in uuids], pa.binary(16)), embedding=vectors())
parquet("id-binary.parquet", id=pa.array([u.bytes for u in uuids], pa.binary()), embedding=vectors())
parquet("id-null.parquet", id=pa.array([None if n == 4 else f"d{n}" for n in range(N)]), embedding=vectors())
parquet("id-bool.parquet", id=pa.array([n % 2 == 0 for n in range(N)]), embedding=vectors())
for name in ["pid", "docno", "chunk_id", "corpus-id", "custom_id", "point_id", "passage_id"]:
    parquet(f"id-called-{name}.parquet", **{name: pa.array(ids), "embedding": vectors()})
parquet("id-called-article_id.parquet", article_id=pa.array(ids), embedding=vectors())

# Vectors in every form
parquet("vector-text.parquet", id=ids, embedding=[str(row.tolist()) for row in f4])
pd.DataFrame({"id": ids, "embedding": [str(row) for row in f4]}).to_parquet("vector-numpy-text.parquet")
parquet("vector-base64.parquet", id=ids, embedding=[base64.b64encode(row.tobytes()).decode() for row in f4])
parquet("vector-binary.parquet", id=ids, embedding=pa.array([row.tobytes() for row in f4], pa.binary()))
parquet("vector-nested.parquet", id=ids, payload=pa.array([{"vec": row.tolist(), "lang": "en"} for row in f4], pa.struct([("vec", pa.list_(pa.float32())), ("lang", pa.string())])))
parquet("vector-list-of-list.parquet", id=ids, embedding=pa.array([[row.tolist()] for row in f4], pa.list_(pa.list_(pa.float32()))))
parquet("vector-multi.parquet", id=ids, embedding=pa.array([row.reshape(2, 3).tolist() for row in f4], pa.list_(pa.list_(pa.float32()))))
parquet("vector-list-of-text.parquet", id=ids, embedding=pa.array([[str(v) for v in row] for row in f4]))
pd.DataFrame({"id": ids, **{f"emb_{k}": f4[:, k] for k in range(D)}}).to_parquet("vector-columns.parquet")
parquet("vector-two.parquet", id=ids, title_vector=vectors(-f4), text_vector=vectors())
parquet("vector-beyond.parquet", id=ids, embedding=vectors(x * 1e300, pa.float64()))
parquet("vector-below.parquet", id=ids, embedding=vectors(x * 1e-60, pa.float64()))
pd.DataFrame({"id": ids, "embedding": [row for row in f4]}).to_parquet("pandas.parquet.gzip", compression="gzip")
pd.DataFrame({"id": ids, "embedding": [row for row in f4]}).to_parquet("pandas.pq")

rows = [{"id": n, "vector": row.tolist(), "n": k} for k, (n, row) in enumerate(zip(ids, f4))]


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def write(name, text):
    open(name, "w").write(text)


write("plain.ndjson", lines(rows))
write("blank-lines.jsonl", "\n" + lines(rows).replace("\n", "\n\n"))
write("array.json", json.dumps(rows, indent=1))
gzip.GzipFile("packed.jsonl.gz", "wb", mtime=0).write(lines(rows).encode())
open("packed.jsonl.zst", "wb").write(zstandard.ZstdCompressor().compress(lines(rows).encode()))
np.save("packed.npy", f4)
gzip.GzipFile("packed.npy.gz", "wb", mtime=0).write(open("packed.npy", "rb").read())
os.remove("packed.npy")
write("named.jsonl", lines({"id": n, "vector": {"text": row.tolist()}, "payload": {"lang": "en"}} for n, row in zip(ids, f4)))
write("named-two.jsonl", lines({"id": n, "vector": {"text": row.tolist(), "image": row.tolist()}} for n, row in zip(ids, f4)))
write("base64.jsonl", lines({"id": n, "embedding": base64.b64encode(row.tobytes()).decode()} for n, row in zip(ids, f4)))
write("text.jsonl", lines({"id": n, "embedding": str(row.tolist())} for n, row in zip(ids, f4)))
write("mongo.jsonl", lines({"_id": {"$oid": f"{n:024x}"}, "embedding": row.tolist()} for n, row in zip(ids, f4)))
write("elastic.jsonl", lines({"_id": str(n), "_source": {"emb": row.tolist(), "title": "x"}} for n, row in zip(ids, f4)))
write("openai.jsonl", lines({"id": f"batch_{k}", "custom_id": str(n), "response": {"status_code": 200, "body": {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": row.tolist()}]}}, "error": None} for k, (n, row) in enumerate(zip(ids, f4))))
write("cohere.jsonl", lines({"id": str(n), "texts": ["x"], "embeddings": {"float": [row.tolist()]}} for n, row in zip(ids, f4)))
write("nan-field.jsonl", lines({"id": n, "vector": row.tolist(), "rating": float("nan") if k == 7 else 4.5} for k, (n, row) in enumerate(zip(ids, f4))))

# numpy: every number type, memory orders, what is no table
for kind in ["i2", "i4", "i8", "u2", "u4", "u8"]:
    np.save(f"{kind}.npy", steps.astype(kind))
np.save("bool.npy", steps > 15)
np.save("i4-be.npy", steps.astype(">i4"))
np.save("fortran.npy", np.asfortranarray(f4))
np.save("beyond.npy", x * 1e300)
np.save("below.npy", x * 1e-60)
objects = np.empty(N, dtype=object)
objects[:] = [row for row in f4]
np.save("objects.npy", objects, allow_pickle=True)
struct = np.zeros(N, dtype=[("id", "i8"), ("v", "f4", (D,))])
struct["v"] = f4
np.save("structured.npy", struct)
np.savez("stored.npz", vectors=f4, ids=np.array(ids))
np.savez_compressed("deflated.npz", embeddings=f4, ids=np.array([f"d{n}" for n in ids]))
np.savez("ann.npz", train=f4, test=queries, neighbors=near)
np.savez("one.npz", f4)

# HDF5: every number type
for kind in ["f2", "i1", "i2", "i4", "u1", "u2", "u4", "f8", "i8"]:
    data = x if kind[0] == "f" else steps
    with h5py.File(f"{kind}.hdf5", "w") as file:
        file.attrs["distance"] = "euclidean"
        file["train"] = data.astype(kind)
        file["test"] = data[:3].astype(kind)
        file["neighbors"] = near + 1 if kind == "i1" else near
with h5py.File("bool.hdf5", "w") as file:
    file.attrs["distance"] = "euclidean"
    file["train"] = steps > 15
    file["test"] = steps[:3] > 15

# CSV
frame = pd.DataFrame({"id": ids, "title": [f'a "{n}", b' for n in ids], "embedding": [row.tolist() for row in f4], "n": range(N)})
frame.to_csv("vector-text.csv", index=False)
pd.DataFrame({"id": [f"{n:03d}" for n in ids], **{f"d{k}": f4[:, k] for k in range(D)}, "price": [None if n == 3 else n / 4 for n in range(N)]}).to_csv("columns.csv", index=False)
frame.to_csv("vector-text.tsv", index=False, sep="\t")
frame.to_csv("semicolon.csv", index=False, sep=";")
np.savetxt("no-heading.csv", f4, delimiter=",", fmt="%.9g")

# Arrow
table = pa.table({"id": pa.array(ids), "embedding": vectors(), "title": [f"t{n}" for n in ids], "n": list(range(N))})
with pa.OSFile("list.arrow", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
    writer.write_table(table, max_chunksize=7)
with pa.OSFile("stream.arrows", "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
    writer.write_table(table)
fixed = pa.FixedSizeListArray.from_arrays(pa.array(f4.ravel()), D)
half = pa.array([row.astype("f2") for row in x], pa.list_(pa.float16()))
pa.feather.write_feather(pa.table({"id": pa.array(uuids_ := [str(u) for u in uuids]), "embedding": fixed}), "fixed.feather", compression="uncompressed")
pa.feather.write_feather(pa.table({"id": pa.array([Decimal(n + 10**30) for n in ids], pa.decimal128(38, 0)), "embedding": half}), "half.feather", compression="uncompressed")
pa.feather.write_feather(table, "compressed.feather", compression="lz4")

# VectorDBBench: neighbours by id, their rows in another order than the queries'
os.makedirs("vectordbbench", exist_ok=True)
vdb = lambda rows: pa.array([row.tolist() for row in rows], pa.list_(pa.float32()))
nearest = [[ids[n] for n in np.argsort(((f4 - q) ** 2).sum(1))[:3]] for q in f4[:4] + np.float32(0.25)]
pq.write_table(pa.table({"id": pa.array(ids), "emb": vdb(f4)}), "vectordbbench/shuffle_train.parquet")
pq.write_table(pa.table({"id": pa.array([30, 31, 32, 33]), "emb": vdb(f4[:4] + np.float32(0.25))}), "vectordbbench/test.parquet")
pq.write_table(pa.table({"id": pa.array([33, 32, 31, 30]), "neighbors_id": pa.array(nearest[::-1])}), "vectordbbench/neighbors.parquet")
# Buffers packed with LZ4 and ZSTD, in several batches, and a dictionary
packed = pa.table({"id": pa.array([f"p{n}" for n in ids]), "embedding": pa.FixedSizeListArray.from_arrays(pa.array(f4.ravel()), D), "n": pa.array([None if n % 4 == 0 else n for n in range(N)]), "tag": pa.array([f"t{n % 3}" for n in range(N)]).dictionary_encode()})
pa.feather.write_feather(packed, "lz4.feather", compression="lz4", chunksize=8)
pa.feather.write_feather(packed, "zstd.feather", compression="zstd", chunksize=8)
with pa.OSFile("zstd.arrows", "wb") as sink, pa.ipc.new_stream(sink, packed.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
    writer.write_table(packed)

# Texts long enough for several LZ4 blocks of 64 KiB that refer to one another
n = 6000
texts = pa.array([f"row {k} " + "abcdefgh"[k % 8] * (k % 50) for k in range(n)])
vectors = pa.FixedSizeListArray.from_arrays(pa.array((np.arange(n * 2) % 97).astype("f4")), 2)
pa.feather.write_feather(pa.table({"id": pa.array(range(n)), "text": texts, "vector": vectors}), "lz4-blocks.feather", compression="lz4")

# Binary vectors: TEXMEX' and big-ann's
def vecs(name, a, kind):
    faiss_header = np.full((len(a), 1), a.shape[1], "<i4")
    with open(name, "wb") as file:
        for head, row in zip(faiss_header, a.astype(kind)):
            file.write(head.tobytes() + row.tobytes())


vecs("tiny_base.fvecs", f4, "<f4")
vecs("tiny_query.fvecs", queries, "<f4")
vecs("tiny_groundtruth.ivecs", near, "<i4")
vecs("tiny.bvecs", steps, "u1")
vecs("tiny.ivecs", steps, "<i4")


def bin_file(name, a):
    with open(name, "wb") as file:
        np.array(a.shape, "<u4").tofile(file)
        a.tofile(file)


bin_file("tiny.fbin", f4)
bin_file("tiny.u8bin", steps.astype("u1"))
bin_file("tiny.i8bin", (steps - 16).astype("i1"))
bin_file("query.fbin", queries)
with open("tiny.gt.bin", "wb") as file:
    np.array(near.shape, "<u4").tofile(file)
    near.astype("<u4").tofile(file)
    np.zeros(near.shape, "<f4").tofile(file)
# faiss reads what is written here as the same vectors: exact search finds every row at itself.
index = faiss.IndexFlatL2(D)
index.add(np.fromfile("tiny_base.fvecs", "<f4").reshape(N, D + 1)[:, 1:].copy())
assert (index.search(f4, 1)[1][:, 0] == np.arange(N)).all()
