import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';
import type { Point } from '../../../engines/contract/points.js';
import { canaries } from './canaries.js';

/** Files of other tools, in test/golden/files as the tools wrote them (make_files.py says how), and the canaries as JSON lines. */
export const GOLDEN_FILES = join(packageRoot, 'test', 'golden', 'files');
const at = (file: string) => join(GOLDEN_FILES, file);

/** Of the matrix: what it is called there, and where it is. */
export const FILE_SOURCES: readonly (readonly [title: string, file: string])[] = [
  ['canaries as JSON lines', 'canaries.jsonl?uri=uri&tenant=tenant&metric=cosine'],
  ['Parquet (Hugging Face)', `${at('hf')}?metric=l2`],
  ['Parquet (DuckDB)', `${at('duckdb.parquet')}?metric=l2`],
  ['npy with metadata', `${at('half.npy')}?metadata=${at('half.jsonl')}&metric=l2`],
  ['hnswlib index', `${at('l2.hnsw')}?metric=l2`],
  ['usearch index (f16)', at('f16.usearch')],
  ['vector-io (VDF)', at('vdf')],
  ['chromadb-data-pipes', `${at('cdp-record.jsonl')}?metric=l2`],
  ['usearch index (int8)', at('i8.usearch')],
  ['HDF5', at('table.hdf5')],
  ['Arrow (pyarrow)', `${at('pyarrow.arrow')}?metric=l2`],
];

/** Writes the canaries into a folder, as `canaries.jsonl`. @returns the text */
export function writeCanaryLines(folder: string): string {
  const text = `${canaries().map(lineOf).join('\n')}\n`;
  writeFileSync(join(folder, 'canaries.jsonl'), text);
  return text;
}

/** As somebody writes JSON who knows that 2^63 has no double, and who has no other type than JSON's. */
function lineOf({ id, vectors, metadata, text, uri, tenant }: Point): string {
  const json = (value: unknown): string => {
    if (typeof value === 'bigint') return String(value);
    if (Object.is(value, -0)) return '-0.0';
    if (Array.isArray(value)) return `[${value.map(json).join()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}:${json(each)}`)
      .join()}}`;
  };
  const vector = [...(vectors['vector'] as Float32Array)];
  const parts = Object.fromEntries(
    Object.entries({ text, uri, tenant }).filter(([, each]) => each !== undefined),
  );
  return json({ id, vector, metadata, ...parts });
}
