"""A second reader of exports, written from docs/export-format.md alone.

Reads a folder with pyarrow, recomputes the hash of every point and the sums of the manifest, and prints them as JSON:
    python read_export.py FOLDER
"""

import hashlib
import json
import math
import re
import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LETTERS = {"f32": b"F", "f16": b"H", "bf16": b"B", "int8": b"I", "bit": b"T"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def u32(value):
    return struct.pack("<I", value)


def text(letter, value):
    data = value.encode("utf-8")
    return letter + u32(len(data)) + data


def in_order(names):
    return sorted(names, key=lambda name: name.encode("utf-8"))


def number(value):
    """By value: 5 and 5.0 are the same, -0.0 and 0 are not."""
    if isinstance(value, int) or (math.isfinite(value) and value.is_integer() and str(value) != "-0.0"):
        return text(b"i", str(int(value)))
    return b"d" + struct.pack("<d", math.nan if math.isnan(value) else value)


def any_value(value, stamps=frozenset(), path=""):
    """`stamps`: dotted paths at which an integer is a timestamp; arrays add nothing to a path."""
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, str):
        return text(b"s", value)
    if isinstance(value, list):
        return b"a" + u32(len(value)) + b"".join(any_value(each, stamps, path) for each in value)
    if isinstance(value, dict):
        return fields_of(value, stamps, path)
    data = number(value)
    return b"m" + data[1:] if path in stamps and data[:1] == b"i" else data


def fields_of(value, stamps, path):
    below = path + "." if path else ""
    return object_of({key: any_value(each, stamps, below + key) for key, each in value.items()})


def object_of(encoded):
    return b"o" + u32(len(encoded)) + b"".join(text(b"s", key) + encoded[key] for key in in_order(encoded))


def numbers(kind, values):
    if kind == "bit":
        return values
    if kind == "int8":
        return struct.pack(f"<{len(values)}b", *values)
    values = [math.nan if math.isnan(value) else value for value in values]
    floats = struct.pack(f"<{len(values)}f", *values)
    if kind == "f16":
        return struct.pack(f"<{len(values)}e", *values)
    if kind == "bf16":
        return b"".join(floats[at + 2 : at + 4] for at in range(0, len(floats), 4))
    return floats


def vector(field, row):
    column = f"vector.{field['name']}"
    if field["kind"] == "sparse":
        indices, values = row[column + ".indices"], row[column + ".values"]
        if indices is None:
            return None
        return b"S" + u32(len(indices)) + struct.pack(f"<{len(indices)}I", *indices) + numbers("f32", values)
    value = row[column]
    if value is None:
        return None
    letter = LETTERS[field["type"]]
    if field["kind"] == "multi":
        data = b"".join(numbers(field["type"], each) for each in value)
        count = sum(len(each) for each in value)
        return b"M" + u32(len(value)) + letter + u32(count) + data
    return letter + u32(len(value)) + numbers(field["type"], value)


def identity(manifest, row):
    kind = row.get("id_type")
    if kind is None:
        kind = {"string": "string", "uuid": "uuid"}.get(manifest["ids"]["kind"], "integer")
    return typed_id(kind, row["id"])


def typed_id(kind, value):
    return text({"integer": b"i", "string": b"s", "uuid": b"u"}[kind], str(value))


def metadata(manifest, row):
    encoded = {}
    for field in manifest["fields"]:
        value = row.get(f"metadata.{field['name']}") if field["type"] is not None else None
        if value is None:
            continue
        encoded[field["name"]] = text(b"m", str(value)) if field["type"] == "timestamp" else any_value(value)
    if row["metadata"] is not None:
        stamps = timestamps(manifest)
        for key, value in json.loads(row["metadata"]).items():
            encoded[key] = any_value(value, stamps, key)
    return object_of(encoded)


def timestamps(manifest):
    return {field["name"] for field in manifest["fields"] if field["type"] == "timestamp"} | set(
        manifest["nestedTimestamps"]
    )


DETAILS = {
    "namespace": b"s",
    "partition": b"s",
    "provenance.chunking": b"s",
    "provenance.created": b"m",
    "provenance.language": b"s",
    "provenance.model": b"s",
    "provenance.model_version": b"s",
    "updated": b"m",
    "version": b"i",
}


def details(row):
    there = [name for name in DETAILS if row.get(name) is not None]
    if not there:
        return b""
    return b"x" + u32(len(there)) + b"".join(text(b"s", name) + text(DETAILS[name], str(row[name])) for name in there)


def row_parts(row):
    return [b"n" if row.get(part) is None else text(b"s", row[part]) for part in ("text", "uri", "tenant")]


def row_hash(manifest, row):
    vectors = {field["name"]: vector(field, row) for field in manifest["vectors"]}
    return point_hash(identity(manifest, row), vectors, metadata(manifest, row), row)


def point_hash(identifier, vectors, fields, row):
    present = {name: data for name, data in vectors.items() if data is not None}
    parts = [identifier]
    parts.append(b"v" + u32(len(present)) + b"".join(text(b"s", name) + present[name] for name in in_order(present)))
    parts.append(fields)
    parts += row_parts(row)
    parts.append(details(row))
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def rows_of(path):
    table = pq.read_table(path)
    # Timestamps as their microseconds.
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            assert field.type.unit == "us" and field.type.tz == "UTC", field
            table = table.set_column(at, field.name, table.column(at).cast(pa.int64()))
    return table.to_pylist()


def float_in(value):
    return float({"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(value, value))


def line_vector(field, value):
    kind, letter = field["type"], LETTERS[field["type"]]

    def dense(each):
        if kind == "bit":
            return bytes.fromhex(each)
        return each if kind == "int8" else [float_in(number) for number in each]

    if field["kind"] == "sparse":
        indices, values = value["indices"], [float_in(number) for number in value["values"]]
        return b"S" + u32(len(indices)) + struct.pack(f"<{len(indices)}I", *indices) + numbers("f32", values)
    if field["kind"] == "multi":
        rows = [dense(each) for each in value]
        data = b"".join(numbers(kind, each) for each in rows)
        return b"M" + u32(len(rows)) + letter + u32(sum(len(each) for each in rows)) + data
    return letter + u32(len(dense(value))) + numbers(kind, dense(value))


def put(root, pointer, value):
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for key in keys[:-1]:
        root = root[int(key) if isinstance(root, list) else key]
    root[int(keys[-1]) if isinstance(root, list) else keys[-1]] = value


def line_hash(manifest, line):
    identifier = line["id"]
    if isinstance(identifier, dict):
        identifier = typed_id("uuid", identifier["$uuid"])
    else:
        identifier = typed_id("string" if isinstance(identifier, str) else "integer", identifier)
    vectors = {
        field["name"]: line_vector(field, line["vector"][field["name"]])
        for field in manifest["vectors"]
        if field["name"] in line["vector"]
    }
    for pointer, value in line.get("notFinite", {}).items():
        put(line["metadata"], pointer, float_in(value))
    row = {**line, **{f"provenance.{key}": value for key, value in line.get("provenance", {}).items()}}
    return point_hash(identifier, vectors, fields_of(line["metadata"], timestamps(manifest), ""), row)


def hashes_of(manifest, path):
    if path.suffix == ".parquet":
        return [row_hash(manifest, row) for row in rows_of(path)]
    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as lines:
        return [line_hash(manifest, json.loads(line)) for line in lines.read().decode("utf-8").split("\n")[:-1]]


TOMBSTONE = {"deleted": b"m", "watermark": b"s", "version": b"i", "tenant": b"s", "namespace": b"s"}


def tombstone_hash(manifest, row):
    columns = [
        b"n" if row[name] is None else text(letter, str(row[name])) for name, letter in TOMBSTONE.items()
    ]
    return int.from_bytes(hashlib.sha256(b"".join([identity(manifest, row), *columns])).digest(), "big")


def file_of(path, hashes):
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": path.name, "rows": len(hashes), "sha256": sha256, "sum": f"{sum(hashes) % 2**256:064x}"}


def main(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    total, parts, tombstones = 0, [], None
    for part in manifest["parts"]:
        path = folder / part["file"]
        hashes = hashes_of(manifest, path)
        total = (total + sum(hashes)) % 2**256
        parts.append(file_of(path, hashes))
    if manifest["tombstones"] is not None:
        path = folder / manifest["tombstones"]["file"]
        tombstones = file_of(path, [tombstone_hash(manifest, row) for row in rows_of(path)])
    print(json.dumps({"parts": parts, "sum": f"{total:064x}", "tombstones": tombstones}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
