"""Qdrant's own core behind the few REST routes that the adapter uses, for the conformance tests where no server can be had.

Qdrant Edge (PyPI: qdrant-edge-py) is Qdrant's segments, HNSW graphs, quantization and optimizers as a library. What is
not Qdrant's here: the HTTP, the splitting of a collection into several segments while it is loaded (Edge writes one), and
the moment of a build (the optimizers run when the indexing threshold is set). One test fails for that reason and no other:
the sweep of `segments`. Its times say nothing of a server. Tested with qdrant-edge-py 0.9.0:

    pip install qdrant-edge-py==0.9.0
    python test/conformance/qdrant-edge/server.py 6398
    VECPARITY_QDRANT_URL=http://127.0.0.1:6398 npx vitest run test/conformance -t qdrant
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import qdrant_edge as edge

DISTANCES = {"Cosine": edge.Distance.Cosine, "Dot": edge.Distance.Dot, "Euclid": edge.Distance.Euclid}
ENCODINGS = {
    "one_bit": edge.BinaryQuantizationEncoding.OneBit,
    "one_and_half_bits": edge.BinaryQuantizationEncoding.OneAndHalfBits,
    "two_bits": edge.BinaryQuantizationEncoding.TwoBits,
}
# The adapter asks for 1.17 at least; the build part says what really answers.
VERSION = "1.17.0+edge." + version("qdrant-edge-py")


def quantization(given):
    if given is None:
        return None
    if "scalar" in given:
        return edge.ScalarQuantizationConfig(edge.ScalarType.Int8, always_ram=True)
    if "product" in given:
        ratio = getattr(edge.CompressionRatio, given["product"]["compression"].upper())
        return edge.ProductQuantizationConfig(ratio, always_ram=True)
    return edge.BinaryQuantizationConfig(always_ram=True, encoding=ENCODINGS[given["binary"]["encoding"]])


class Collection:
    def __init__(self, body):
        self.body = body
        self.folder = tempfile.mkdtemp(prefix="vecparity-qdrant-edge-")
        self.shard = edge.EdgeShard.create(self.folder, self.config(body["optimizers_config"]["indexing_threshold"]))

    def config(self, threshold):
        vectors, hnsw, optimizers = self.body["vectors"], self.body["hnsw_config"], self.body["optimizers_config"]
        return edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(size=vectors["size"], distance=DISTANCES[vectors["distance"]]),
            hnsw_config=edge.HnswIndexConfig(
                m=hnsw["m"],
                ef_construct=hnsw.get("ef_construct", 100),
                full_scan_threshold=hnsw.get("full_scan_threshold", 10000),
                max_indexing_threads=hnsw.get("max_indexing_threads", 0),
            ),
            quantization_config=quantization(self.body.get("quantization_config")),
            optimizers=edge.EdgeOptimizersConfig(
                indexing_threshold=threshold, default_segment_number=optimizers.get("default_segment_number")
            ),
        )

    def optimize(self, threshold):
        self.shard.flush()
        self.shard.close()
        self.shard = edge.EdgeShard.load(self.folder, self.config(threshold))
        self.shard.optimize()

    def upsert(self, batch):
        points = [edge.Point(key, vector) for key, vector in zip(batch["ids"], batch["vectors"])]
        self.shard.update(edge.UpdateOperation.upsert_points(points))

    def query(self, body):
        params = body["params"]
        given = params.get("quantization")
        quantized = given and edge.QuantizationSearchParams(
            rescore=given["rescore"], oversampling=given.get("oversampling")
        )
        search = edge.SearchParams(
            hnsw_ef=params.get("hnsw_ef"), exact=params.get("exact", False), quantization=quantized
        )
        query = edge.Query.Nearest(body["query"])
        found = self.shard.query(edge.QueryRequest(limit=body["limit"], query=query, params=search))
        return [{"id": point.id, "version": point.version, "score": point.score} for point in found]

    def info(self):
        info = self.shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
        }

    def size(self):
        return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(self.folder) for name in names)

    def drop(self):
        self.shard.close()
        shutil.rmtree(self.folder)


collections = {}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body in one packet: two would wait 40 ms for each other.
    wbufsize = -1

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        text = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.split("?")[0].strip("/").split("/")
        try:
            with lock:
                status, value = self.route(path, json.loads(text) if text else {})
        except Exception as error:  # Whatever Edge refuses is the client's fault, as with the server.
            status, value = 400, {"status": {"error": str(error)}, "time": 0}
        self.answer(status, value)

    def route(self, path, body):
        if path == [""]:
            return 200, {"title": "qdrant edge", "version": VERSION}
        name, rest, method = path[1], path[2:], self.command
        if not rest and method == "PUT":
            collections[name] = Collection(body)
            return self.ok(True)
        collection = collections.get(name)
        if not rest and method == "DELETE":
            if collection is not None:
                collections.pop(name).drop()
            return self.ok(collection is not None)
        if collection is None:
            return 404, {"status": {"error": f"Not found: Collection `{name}` doesn't exist!"}, "time": 0}
        return self.ok(self.of_collection(collection, method, rest, body))

    def of_collection(self, collection, method, rest, body):
        if not rest and method == "GET":
            return collection.info()
        if not rest and method == "PATCH":
            threshold = body["optimizers_config"].get("indexing_threshold")
            if threshold is not None:
                collection.optimize(threshold)
            return True
        if rest == ["optimizations"]:
            return {"running": [], "summary": {"queued_optimizations": 0}}
        if rest == ["points"] and method == "PUT":
            collection.upsert(body["batch"])
            return {"status": "completed"}
        if rest == ["points", "count"]:
            return {"count": collection.shard.count(edge.CountRequest(exact=True))}
        if rest == ["points", "query"]:
            return {"points": collection.query(body)}
        if rest == ["snapshots"]:
            return {"name": "all", "size": collection.size()}
        if rest == ["snapshots", "all"]:
            return True
        raise ValueError(f"{method} {rest} is not served here")

    def ok(self, result):
        return 200, {"result": result, "status": "ok", "time": 0}

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 6398
    try:
        ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    finally:
        for left in collections.values():
            left.drop()
