"""Unpacks the server from the wheel and writes its configuration, without starting it."""

import sys

sys.path.insert(0, "wheel")
import milvus  # noqa: E402

milvus._initialize_data_files("/opt/milvus")
config = milvus.MilvusServerConfig(data_dir="/var/lib/milvus")
config.resolve_storage()
config.set("system_log_path", '""')
config.set("etcd_log_path", "stderr")
config.set("etcd_log_level", "warn")
config.set("log.level", "warn")
config.resolve_storage = lambda: None
config.resolve()
