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


DISTANCES = {"Cosine": edge.Distance.Cosine, "Dot": edge.Distance.Dot, "Euclid": edge.Distance.Euclid}
DATATYPES = {
    "float32": edge.VectorStorageDatatype.Float32,
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
}


def vector_params(given):
    """Those of the vector without a name, or of each name."""
    if "size" not in given:
        return {name: vector_params(each) for name, each in given.items()}
    multi = given.get("multivector_config")
    return edge.EdgeVectorParams(
        size=given["size"],
        distance=DISTANCES[given["distance"]],
        datatype=DATATYPES[given.get("datatype") or "float32"],
        multivector_config=multi and edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
    )


def vector(given):
    """A vector, or the vectors of a point by name."""
    if not isinstance(given, dict):
        return given
    if "indices" in given:
        return edge.SparseVector(given["indices"], given["values"])
    return {name: vector(each) for name, each in given.items()}


def query_vector(given):
    return edge.SparseVector(given["indices"], given["values"]) if isinstance(given, dict) else given


def vector_json(given):
    if isinstance(given, edge.SparseVector):
        return {"indices": given.indices, "values": given.values}
    return {name: vector_json(each) for name, each in given.items()} if isinstance(given, dict) else given


def index_of(schema):
    if not isinstance(schema, dict):
        return INDEXES[schema]
    assert schema["type"] == "keyword", schema
    return edge.KeywordIndexParams(is_tenant=schema.get("is_tenant"))


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
    return {"id": id_json(record.id), "payload": record.payload, "vector": vector_json(record.vector), **more}


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
    if "has_vector" in given:
        return edge.HasVectorCondition(given["has_vector"])
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
    points = [edge.PointVectors(point_id(each["id"]), vector(each["vector"])) for each in given["points"]]
    return edge.UpdateOperation.update_vectors(points)


MODES = {"insert_only": edge.UpdateMode.InsertOnly, "upsert": edge.UpdateMode.Upsert}


def upsert(given):
    if "batch" in given:
        batch = given["batch"]
        payloads = batch.get("payloads") or [None] * len(batch["ids"])
        rows = zip(batch["ids"], rows_of(batch["vectors"]), payloads)
    else:
        rows = ((each["id"], each["vector"], each.get("payload")) for each in given["points"])
    points = [edge.Point(point_id(key), vector(own), payload or {}) for key, own, payload in rows]
    return edge.UpdateOperation.upsert_points(points, update_mode=MODES[given.get("update_mode", "upsert")])


def rows_of(vectors):
    """Vectors by name and column as those of each point."""
    if not isinstance(vectors, dict):
        return vectors
    return [dict(zip(vectors, row)) for row in zip(*vectors.values())]


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
