import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';

/** A Python with pyarrow, which reads exports by a program of its own. */
export const python = process.env['VECPROOF_PYTHON'] ?? 'python3';

/** Why the second reader cannot run here; undefined: it can. */
export const withoutPython: string | undefined = (() => {
  const { status } = spawnSync(python, ['-c', 'import pyarrow.parquet']);
  return status === 0 ? undefined : 'set VECPROOF_PYTHON to a Python with pyarrow';
})();

export interface SecondReading {
  parts: { file: string; rows: number; sha256: string; sum: string }[];
  sum: string;
  tombstones: { file: string; rows: number; sha256: string; sum: string } | null;
}

/** What the second reader finds in an export: it recomputes every hash. */
export function readByPython(folder: string): SecondReading {
  const script = join(packageRoot, 'test', 'golden', 'export', 'read_export.py');
  return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

/** Writes a Parquet file anew with pyarrow. */
export function rewriteByPython(path: string, compression: string): void {
  const script =
    'import sys, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); p.write_table(t, sys.argv[1], compression=sys.argv[2], use_dictionary=False)';
  execFileSync(python, ['-c', script, path, compression]);
}
