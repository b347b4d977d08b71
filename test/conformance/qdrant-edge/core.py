"""JSON of the REST interface as the objects of Qdrant Edge: one class or function of it for each form, no logic of our own."""

from uuid import UUID

import qdrant_edge as edge

INDEXES = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "bool": edge.PayloadSchemaType.Bool,
    "datetime": edge.PayloadSchemaType.Datetime,
}
ENCODINGS = {
    "one_bit": edge.BinaryQuantizationEncoding.OneBit,
    "one_and_half_bits": edge.BinaryQuantizationEncoding.OneAndHalfBits,
    "two_bits": edge.BinaryQuantizationEncoding.TwoBits,
}


def quantization(given):
    if given is None:
        return None
    if "scalar" in given:
        return edge.ScalarQuantizationConfig(edge.ScalarType.Int8, always_ram=True)
    if "product" in given:
        ratio = getattr(edge.CompressionRatio, given["product"]["compression"].upper())
        return edge.ProductQuantizationConfig(ratio, always_ram=True)
    return edge.BinaryQuantizationConfig(always_ram=True, encoding=ENCODINGS[given["binary"]["encoding"]])


def search_params(given):
    quantized = given.get("quantization")
    return edge.SearchParams(
        hnsw_ef=given.get("hnsw_ef"),
        exact=given.get("exact", False),
        quantization=quantized
        and edge.QuantizationSearchParams(rescore=quantized["rescore"], oversampling=quantized.get("oversampling")),
    )


def point_id(given):
    return given if isinstance(given, int) else UUID(given)


def id_json(given):
    return given if isinstance(given, int) else str(given)


def record_json(record, **more):
    return {"id": id_json(record.id), "payload": record.payload, "vector": record.vector, **more}


def payload_selector(given):
    return edge.PayloadSelector.Include(given) if isinstance(given, list) else given


def filter_of(given):
    if given is None:
        return None
    lists = {key: conditions(given[key]) for key in ("must", "should", "must_not") if given.get(key) is not None}
    return edge.Filter(**lists)


def conditions(given):
    return [condition(each) for each in (given if isinstance(given, list) else [given])]


def condition(given):
    if "is_empty" in given:
        return edge.IsEmptyCondition(given["is_empty"]["key"])
    if "is_null" in given:
        return edge.IsNullCondition(given["is_null"]["key"])
    if "has_id" in given:
        return edge.HasIdCondition({point_id(each) for each in given["has_id"]})
    if "key" not in given:
        return filter_of(given)
    parts = {"match": match, "range": bounds, "values_count": lambda it: edge.ValuesCount(**it)}
    own = {name: make(given[name]) for name, make in parts.items() if name in given}
    return edge.FieldCondition(given["key"], **own)


class Truth:
    """Edge 0.9.0 reads a Python bool as the integer 0 or 1; numpy's bool, for which this passes, as a boolean."""

    def __init__(self, value):
        self.value = value

    def __bool__(self):
        return self.value


Truth.__module__, Truth.__name__ = "numpy", "bool_"


def match(given):
    if "value" in given:
        value = given["value"]
        return edge.MatchValue(Truth(value) if isinstance(value, bool) else value)
    if "any" in given:
        return edge.MatchAny(given["any"])
    raise ValueError(f"match {given} is not served here")


def bounds(given):
    dates = any(isinstance(value, str) for value in given.values())
    return edge.RangeDateTime(**given) if dates else edge.RangeFloat(**given)


def vectors_update(given):
    points = [edge.PointVectors(point_id(each["id"]), each["vector"]) for each in given["points"]]
    return edge.UpdateOperation.update_vectors(points)


def upsert(given):
    if "batch" in given:
        batch = given["batch"]
        payloads = batch.get("payloads") or [None] * len(batch["ids"])
        rows = zip(batch["ids"], batch["vectors"], payloads)
    else:
        rows = ((each["id"], each["vector"], each.get("payload")) for each in given["points"])
    points = [edge.Point(point_id(key), vector, payload or {}) for key, vector, payload in rows]
    return edge.UpdateOperation.upsert_points(points)


def ids(given):
    return [point_id(each) for each in given["points"]]


UPDATES = {
    "upsert": upsert,
    "update_vectors": vectors_update,
    "delete": lambda given: edge.UpdateOperation.delete_points(ids(given)),
    "set_payload": lambda given: edge.UpdateOperation.set_payload(ids(given), given["payload"]),
    "overwrite_payload": lambda given: edge.UpdateOperation.overwrite_payload(ids(given), given["payload"]),
    "delete_payload": lambda given: edge.UpdateOperation.delete_payload(ids(given), given["keys"]),
}
