/**
 * Writes `datasets/bundled/debian-packages-20k/` and its catalog entry from the folder of the full set:
 * `node dist/scripts/bundle-debian-packages.js <folder>`. Running it again gives the same bytes.
 *
 * Left out, because their licences differ by package or by vocabulary: synopses, descriptions and query texts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ENTRY } from './debian-entry.js';
import { writeBundle } from './write-bundle.js';
import { type OutputColumn, ownParquet } from './write-parquet.js';

type Row = Record<string, string | number | boolean | string[] | null>;

function readJsonLines(path: string): Row[] {
  const text = gunzipSync(readFileSync(path)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** Rows of a C-order float16 npy file, as bytes. */
function readHalfRows(path: string, dimensions: number): Uint8Array[] {
  const bytes = readFileSync(path);
  const header = bytes.toString('latin1', 0, 128);
  if (!header.includes("'<f2'") || !header.includes("'fortran_order': False")) {
    throw new Error(`${path} is not a C-order float16 npy file`);
  }
  const body = bytes.subarray(10 + bytes.readUInt16LE(8));
  const size = dimensions * 2;
  return Array.from({ length: body.length / size }, (_, row) => body.subarray(row * size, (row + 1) * size));
}

function columnsOf(rows: readonly Row[], spec: readonly [string, OutputColumn['type']][]): OutputColumn[] {
  return spec.map(([name, type]) => {
    const values = rows.map((row) => row[name] ?? null);
    return { name, type, nullable: values.includes(null), values };
  });
}

function countBy(rows: readonly Row[], field: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(String(row[field]), (counts.get(String(row[field])) ?? 0) + 1);
  return counts;
}

/** As the full set does: case and punctuation aside. */
function plainText(text: unknown): string {
  return String(text)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

const POINT_COLUMNS: [string, OutputColumn['type']][] = [
  ['section', 'string'],
  ['priority', 'string'],
  ['maintainer', 'string'],
  ['source', 'string'],
  ['architecture', 'string'],
  ['version', 'string'],
  ['installed_size', 'integer'],
  ['size', 'integer'],
  ['homepage_host', 'string'],
  ['has_homepage', 'boolean'],
  ['tags', 'string[]'],
  ['multi_arch', 'string'],
  ['depends_count', 'integer'],
];

const NEW_COLUMNS: [string, OutputColumn['type']][] = [
  ['package', 'string'],
  ['section', 'string'],
  ['maintainer', 'string'],
  ['source', 'string'],
  ['source_in_corpus', 'boolean'],
  ['synopsis_in_corpus', 'boolean'],
  ['section_docs', 'integer'],
  ['maintainer_docs', 'integer'],
];

const FACET_COLUMNS: [string, OutputColumn['type']][] = [
  ['tags', 'string[]'],
  ['grade2', 'integer'],
  ['grade1', 'integer'],
];

/** The queries with everything that counts or asks about the corpus worked out again for the subset. */
function newQueries(queries: readonly Row[], docs: readonly Row[]): Row[] {
  const sources = new Set(docs.map((doc) => doc['source']));
  const synopses = new Set(docs.map((doc) => plainText(doc['synopsis'])));
  const sections = countBy(docs, 'section');
  const maintainers = countBy(docs, 'maintainer');
  return queries.map((query) => ({
    ...query,
    source_in_corpus: sources.has(query['source'] ?? null),
    synopsis_in_corpus: synopses.has(plainText(query['text'])),
    section_docs: sections.get(String(query['section'])) ?? 0,
    maintainer_docs: maintainers.get(String(query['maintainer'])) ?? 0,
  }));
}

function facetQueries(queries: readonly Row[], qrels: readonly string[][]): Row[] {
  const count = (qid: unknown, grade: string) =>
    qrels.filter(([query, , , value]) => query === qid && value === grade).length;
  return queries.map((query) => ({
    ...query,
    grade2: count(query['qid'], '2'),
    grade1: count(query['qid'], '1'),
  }));
}

function main(folder: string): void {
  const rows = readFileSync(join(folder, 'subset-20k.txt'), 'utf8').trim().split('\n').map(Number);
  const allDocs = readJsonLines(join(folder, 'docs.jsonl.gz'));
  const allVectors = readHalfRows(join(folder, 'vectors.f16.npy'), ENTRY.dimensions);
  const docs = rows.map((row) => allDocs[row]!);
  const names = new Set(docs.map((doc) => doc['id']));
  const qrels = readFileSync(join(folder, 'qrels-facets.tsv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, , name]) => names.has(name!));

  const points = columnsOf(docs, POINT_COLUMNS);
  const fresh = newQueries(readJsonLines(join(folder, 'queries-new.jsonl.gz')), docs);
  const facets = facetQueries(readJsonLines(join(folder, 'queries-facets.jsonl.gz')), qrels);
  const files: [string, Uint8Array][] = [
    [
      'points.parquet',
      ownParquet(
        idsOf(docs, 'id'),
        rows.map((row) => allVectors[row]!),
        points,
      ),
    ],
    ['queries-new.parquet', querySet(folder, 'queries-new', fresh, NEW_COLUMNS)],
    ['queries-facets.parquet', querySet(folder, 'queries-facets', facets, FACET_COLUMNS)],
    ['qrels-facets.tsv', Buffer.from(qrels.map((line) => `${line.join('\t')}\n`).join(''))],
  ];
  writeBundle({
    entry: ENTRY,
    script: 'bundle-debian-packages',
    files,
    count: docs.length,
    columns: points,
  });
}

function idsOf(rows: readonly Row[], field: string): string[] {
  return rows.map((row) => String(row[field]));
}

function querySet(
  folder: string,
  name: string,
  queries: readonly Row[],
  spec: readonly [string, OutputColumn['type']][],
): Uint8Array {
  const vectors = readHalfRows(join(folder, `${name}.f16.npy`), ENTRY.dimensions);
  return ownParquet(idsOf(queries, 'qid'), vectors, columnsOf(queries, spec));
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node dist/scripts/bundle-debian-packages.js <folder of the full set>');
  process.exitCode = 2;
} else main(folder);
