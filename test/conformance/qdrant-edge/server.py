"""Qdrant's own core behind the few REST routes that the adapter uses, for the conformance tests where no server can be had.

Qdrant Edge (PyPI: qdrant-edge-py) is Qdrant's segments, HNSW graphs, quantization and optimizers as a library. What is
not Qdrant's here: the HTTP, the splitting of a collection into several segments while it is loaded (Edge writes one), and
the moment of a build (the optimizers run when the indexing threshold is set), the list of collections, their settings as
they are given back, and `points/batch`, which is one operation after another. Where points are written after a build, the
optimizers run when the collection is next asked for. The sweep of `segments` is skipped for the
first reason. Its times say nothing of a server. Tested with qdrant-edge-py 0.9.0:

    pip install qdrant-edge-py==0.9.0
    npx vitest run test/conformance -t qdrant

The tests start and stop it by themselves (`0`: a free port, told on standard output; ends with its standard input) where
there is neither VECPROOF_QDRANT_URL nor the server's image, with `python3` or the Python that
VECPROOF_QDRANT_EDGE_PYTHON names.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from urllib.parse import unquote

import core
import qdrant_edge as edge

# The adapter asks for 1.17 at least; the build part says what really answers.
VERSION = "1.17.0+edge." + version("qdrant-edge-py")


class Collection:
    def __init__(self, body):
        self.body = body
        self.indexes = {}
        self.folder = tempfile.mkdtemp(prefix="vecproof-qdrant-edge-")
        self.threshold = (body.get("optimizers_config") or {}).get("indexing_threshold")
        self.shard = edge.EdgeShard.create(self.folder, self.config(self.threshold))
        self.optimized = True

    def config(self, threshold):
        hnsw, optimizers = self.body.get("hnsw_config") or {}, self.body.get("optimizers_config") or {}
        sparse = self.body.get("sparse_vectors") or {}
        return edge.EdgeConfig(
            vectors=core.vector_params(self.body.get("vectors") or {}),
            sparse_vectors={name: edge.EdgeSparseVectorParams() for name in sparse} or None,
            hnsw_config=edge.HnswIndexConfig(
                m=hnsw.get("m", 16),
                ef_construct=hnsw.get("ef_construct", 100),
                full_scan_threshold=hnsw.get("full_scan_threshold", 10000),
                max_indexing_threads=hnsw.get("max_indexing_threads", 0),
            ),
            quantization_config=core.quantization(self.body.get("quantization_config")),
            optimizers=edge.EdgeOptimizersConfig(
                indexing_threshold=threshold, default_segment_number=optimizers.get("default_segment_number")
            ),
        )

    def optimize(self, threshold):
        self.threshold = threshold
        self.shard.flush()
        self.shard.close()
        self.shard = edge.EdgeShard.load(self.folder, self.config(threshold))
        self.shard.optimize()
        self.optimized = True

    def update(self, kind, body):
        self.optimized = False
        self.shard.update(core.UPDATES[kind](body))
        return {"status": "completed"}

    def batch(self, body):
        for operation in body["operations"]:
            for kind, given in operation.items():
                self.update(kind, given)
        return [{"status": "completed"} for _ in body["operations"]]

    def query(self, body):
        request = edge.QueryRequest(
            limit=body["limit"],
            query=edge.Query.Nearest(core.query_vector(body["query"]), using=body.get("using")),
            params=core.search_params(body["params"]),
            filter=core.filter_of(body.get("filter")),
            with_payload=core.payload_selector(body.get("with_payload", False)),
        )
        return [
            {"id": core.id_json(point.id), "version": point.version, "score": point.score, "payload": point.payload}
            for point in self.shard.query(request)
        ]

    def retrieve(self, body):
        keys = [core.point_id(each) for each in body["ids"]]
        found = self.shard.retrieve(keys, body.get("with_payload", True), body.get("with_vector", False))
        return [core.record_json(record) for record in found]

    def scroll(self, body):
        offset = body.get("offset")
        request = edge.ScrollRequest(
            offset=None if offset is None else core.point_id(offset),
            limit=body["limit"],
            filter=core.filter_of(body.get("filter")),
            with_payload=body.get("with_payload", True),
            with_vector=body.get("with_vector", False),
        )
        found, following = self.shard.scroll(request)
        points = [core.record_json(record) for record in found]
        return {"points": points, "next_page_offset": None if following is None else core.id_json(following)}

    def count(self, body):
        request = edge.CountRequest(exact=body.get("exact", True), filter=core.filter_of(body.get("filter")))
        return {"count": self.shard.count(request)}

    def index(self, body):
        schema = body["field_schema"]
        self.shard.update(edge.UpdateOperation.create_field_index(body["field_name"], core.index_of(schema)))
        self.indexes[body["field_name"]] = schema["type"] if isinstance(schema, dict) else schema
        return {"status": "completed"}

    def info(self):
        # What was written after a build: the server's optimizers would see to it by themselves.
        if self.threshold and not self.optimized:
            self.optimize(self.threshold)
        info = self.shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "payload_schema": {
                name: {"data_type": self.indexes[name], "points": found.points}
                for name, found in info.payload_schema.items()
            },
            "config": {
                "params": {"vectors": self.body.get("vectors"), "sparse_vectors": self.body.get("sparse_vectors")},
                "hnsw_config": self.body.get("hnsw_config") or {"m": 16},
                "optimizer_config": self.body.get("optimizers_config"),
                "quantization_config": self.body.get("quantization_config"),
                "metadata": self.body.get("metadata"),
            },
        }

    def size(self):
        return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(self.folder) for name in names)

    def drop(self):
        self.shard.close()
        shutil.rmtree(self.folder)


ROUTES = {
    ("PUT", "points"): lambda it, body: it.update("upsert", body),
    ("POST", "points"): Collection.retrieve,
    ("POST", "points/scroll"): Collection.scroll,
    ("POST", "points/count"): Collection.count,
    ("POST", "points/query"): lambda it, body: {"points": it.query(body)},
    ("POST", "points/delete"): lambda it, body: it.update("delete", body),
    ("POST", "points/batch"): Collection.batch,
    ("PUT", "points/vectors"): lambda it, body: it.update("update_vectors", body),
    ("POST", "points/payload"): lambda it, body: it.update("set_payload", body),
    ("PUT", "points/payload"): lambda it, body: it.update("overwrite_payload", body),
    ("POST", "points/payload/delete"): lambda it, body: it.update("delete_payload", body),
    ("PUT", "index"): Collection.index,
}
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
        if path == ["collections"]:
            return self.ok({"collections": [{"name": name} for name in collections]})
        if path == ["aliases"]:
            return self.ok({"aliases": []})
        name, rest, method = unquote(path[1]), path[2:], self.command
        if not rest and method == "PUT":
            odd = next((c for c in '<>:"/\\|?*\0\x1f' if c in name), None)
            if odd is not None:
                what = f'[collection_name: collection name cannot contain "{odd}" char]'
                return 422, {"status": {"error": f"Validation error in path parameters: {what}"}, "time": 0}
            if name in collections:
                return 409, {"status": {"error": f"Wrong input: Collection `{name}` already exists!"}, "time": 0}
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
        if rest == ["aliases"]:
            return {"aliases": []}
        if rest == ["optimizations"]:
            return {"running": [], "summary": {"queued_optimizations": 0}}
        served = ROUTES.get((method, "/".join(rest)))
        if served is not None:
            return served(collection, body)
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
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if port == 0:
        print(server.server_port, flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    try:
        server.serve_forever()
    finally:
        for left in collections.values():
            left.drop()
