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


def any_value(value):
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, str):
        return text(b"s", value)
    if isinstance(value, list):
        return b"a" + u32(len(value)) + b"".join(any_value(each) for each in value)
    if isinstance(value, dict):
        return object_of({key: any_value(each) for key, each in value.items()})
    return number(value)


def object_of(encoded):
    return b"o" + u32(len(encoded)) + b"".join(text(b"s", key) + encoded[key] for key in in_order(encoded))


def numbers(kind, values):
    if kind == "bit":
        return values
    if kind == "int8":
        return struct.pack(f"<{len(values)}b", *values)
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
    return text({"integer": b"i", "string": b"s", "uuid": b"u"}[kind], str(row["id"]))


def metadata(manifest, row):
    encoded = {}
    for field in manifest["fields"]:
        value = row.get(f"metadata.{field['name']}") if field["type"] is not None else None
        if value is None:
            continue
        encoded[field["name"]] = text(b"m", str(value)) if field["type"] == "timestamp" else any_value(value)
    if row["metadata"] is not None:
        rest = json.loads(row["metadata"])
        encoded.update({key: any_value(value) for key, value in rest.items()})
    return object_of(encoded)


def point_hash(manifest, row):
    vectors = {field["name"]: vector(field, row) for field in manifest["vectors"]}
    present = {name: data for name, data in vectors.items() if data is not None}
    parts = [identity(manifest, row)]
    parts.append(b"v" + u32(len(present)) + b"".join(text(b"s", name) + present[name] for name in in_order(present)))
    parts.append(metadata(manifest, row))
    parts += [b"n" if row[part] is None else text(b"s", row[part]) for part in ("text", "uri", "tenant")]
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def rows_of(path):
    table = pq.read_table(path)
    # Timestamps as their microseconds.
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            assert field.type.unit == "us" and field.type.tz == "UTC", field
            table = table.set_column(at, field.name, table.column(at).cast(pa.int64()))
    return table.to_pylist()


def main(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    total, parts = 0, []
    for part in manifest["parts"]:
        path = folder / part["file"]
        rows = rows_of(path)
        part_sum = sum(point_hash(manifest, row) for row in rows) % 2**256
        total = (total + part_sum) % 2**256
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        parts.append({"file": part["file"], "rows": len(rows), "sha256": sha256, "sum": f"{part_sum:064x}"})
    print(json.dumps({"parts": parts, "sum": f"{total:064x}"}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
