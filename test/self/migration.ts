import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as Pg from 'pg';
import { messageOf, VecproofError } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, ConnectOptions } from '../../engines/contract/engine.js';
import type { Point, Points } from '../../engines/contract/points.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import type { CollectionSpec, LoadBatch } from '../../engines/contract/spec.js';
import { requireClient } from '../../engines/kit/packages.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { loadEngine } from '../../engines/registry.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { writeMapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { clustered } from './clustered.js';
import { median, print } from './print.js';

const ROWS = 63_436;
const DIMENSIONS = 384;
const ROUNDS = Number(process.env['VECPROOF_SELF_ROUNDS'] ?? 3);
const SIZES = (process.env['VECPROOF_SELF_SIZES'] ?? '200000,500000,1000000').split(',').map(Number);
const never = new AbortController().signal;

const FIELDS = [
  ['section', 'string'],
  ['maintainer', 'string'],
  ['version', 'string'],
  ['host', 'string'],
  ['size', 'integer'],
  ['score', 'float'],
  ['live', 'boolean'],
  ['tags', 'string[]'],
] as const;

const SPEC: Omit<CollectionSpec, 'index'> = {
  name: 'docs',
  vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: DIMENSIONS, metric: 'cosine' }],
  ids: 'string',
  fields: FIELDS.map(([name, type]) => ({ name, type, nullable: true })),
  text: true,
};

function somePoints(): Point[] {
  const vectors = clustered(ROWS, DIMENSIONS);
  const text = 'a description of several hundred letters, as documents have them '.repeat(7);
  return Array.from({ length: ROWS }, (_, i) => ({
    id: `package-${i}`,
    vectors: { vector: vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS) },
    metadata: {
      section: `section ${i % 40}`,
      maintainer: `maintainer ${i % 2000}`,
      version: `1.${i % 977}-${i % 7}`,
      host: `host${i % 6000}.example`,
      size: i * 37,
      score: i / 8,
      live: i % 3 === 0,
      tags: [`role::${i % 9}`, `use::${i % 31}`, `tag${i % 500}`],
    },
    text: `${i} ${text}`,
  }));
}

/**
 * Exports, loads and comparisons beside what the raw client or the adapter's fastest way needs for the same rows, in
 * turns; and an export and its comparison at three sizes with the peak memory of each process.
 */
export async function measureMigration(parent: string): Promise<void> {
  const folder = join(parent, 'migration');
  mkdirSync(folder);
  const points = somePoints();
  for (const name of ['lancedb', 'pgvector'] as const) await measureLocal(name, folder, points);
  await measureServer(folder, points);
  points.length = 0;
  await measureSizes(folder);
}

type Ways = Readonly<Record<string, () => Promise<unknown>>>;

/** Median seconds of each way; they take turns, the first round is not counted. */
async function inTurns(ways: Ways): Promise<Record<string, number>> {
  const seconds = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    const names = Object.keys(ways);
    if (round % 2 === 1) names.reverse();
    for (const name of names) {
      const start = performance.now();
      await ways[name]!();
      if (round > 0) seconds[name]!.push((performance.now() - start) / 1000);
    }
  }
  return Object.fromEntries(Object.entries(seconds).map(([name, all]) => [name, median(all)]));
}

function ratio(title: string, own: number, raw: number, target: string): void {
  print(title, `${(own / raw).toFixed(2)} x`, `${own.toFixed(2)} s / ${raw.toFixed(2)} s; ${target}`);
}

interface Place {
  title: string;
  /** `engine:address` */
  address: string;
  env: NodeJS.ProcessEnv;
  connect(): Promise<ConnectedEngine>;
  /** All rows by the client alone, each value as it gives it. */
  rawScan(): Promise<number>;
}

async function measurePlace(place: Place, folder: string, points: readonly Point[]): Promise<void> {
  const { title, address } = place;
  const surroundings = { cwd: folder, env: place.env, signal: never };
  const engine = address.slice(0, address.indexOf(':'));
  const definition = await loadEngine(engine);
  const parsed = definition.parseOptions({ index: { type: 'flat' }, search: {} });
  if (parsed.state !== 'ok') throw new Error(`${engine} has no flat index`);
  const spec = { ...SPEC, index: parsed.index };
  const first = await place.connect();
  const made = await first.create(spec);
  await bulkLoad(made, points);
  await first.close();

  const out = join(folder, `export-${title}`);
  const exported = async () => {
    rmSync(out, { recursive: true, force: true });
    const source = await openSource(`${address}#docs`, surroundings);
    await exportCollection(source, { folder: out, signal: never });
    await source.close();
  };
  const scan = async () => {
    const source = await openSource(`${address}#docs`, surroundings);
    const snapshot = await source.collection.points.snapshot();
    for await (const page of snapshot.scan({ batchSize: 1000, signal: never })) void page;
    await snapshot.close();
    await source.close();
  };
  const times = await inTurns({
    raw: place.rawScan,
    scan,
    export: exported,
    verify: () => verify(`export:${out}`, `${address}#docs`, surroundings),
  });
  ratio(`${title}: export / the raw client’s scan`, times['export']!, times['raw']!, 'target: within 1.5 x');
  ratio('  the adapter’s own scan / the raw client’s', times['scan']!, times['raw']!, '');
  ratio('  verify of both sides / one scan', times['verify']!, times['scan']!, 'target: under 2 x');

  let loads = 0;
  const mapping = await mapExport(out, `${address}#loaded`, { index: { type: 'flat' }, signal: never });
  const bulk = async () => {
    const name = `bulk_${++loads}`;
    const connected = await place.connect();
    const collection = await connected.create({ ...spec, name });
    await bulkLoad(collection, points);
    for (let at = 0; at < points.length; at += 1000)
      await collection.points!.get(points.slice(at, at + 1000).map(({ id }) => id));
    await collection.ready(never);
    await collection.drop();
    await connected.close();
  };
  const own = async () => {
    const name = `loaded_${++loads}`;
    const path = join(folder, `${title}-${name}.yaml`);
    const losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'measured' }));
    const target = { ...mapping.target, place: `${address}#${name}` };
    writeMapping(path, { ...mapping, target, losses });
    const state = join(folder, `${title}-${name}.load`);
    const result = await loadExport({ ...surroundings, source: out, mapping: path, state });
    if (result.state !== 'loaded') throw new Error(result.state);
    const connected = await place.connect();
    await (await connected.open!(name)).drop();
    await connected.close();
  };
  const loading = await inTurns({ bulk, own });
  ratio('  load / bulk load and reading back', loading['own']!, loading['bulk']!, 'target: within 1.5 x');
}

/** In batches of a thousand, by the adapter's fastest way. */
async function bulkLoad(collection: Collection & { points?: Points | undefined }, points: readonly Point[]) {
  for (let start = 0; start < points.length; start += 1000) {
    const some = points.slice(start, start + 1000);
    const values = new Float32Array(some.length * DIMENSIONS);
    some.forEach(({ vectors }, i) => {
      values.set(vectors['vector'] as Float32Array, i * DIMENSIONS);
    });
    const batch: LoadBatch = {
      start,
      count: some.length,
      ids: some.map(({ id }) => id),
      vectors: { vector: { kind: 'dense', values } },
      metadata: Object.fromEntries(
        FIELDS.map(([name]) => [name, some.map(({ metadata }) => metadata[name] as string)]),
      ),
      texts: some.map(({ text }) => text),
    };
    await collection.load(batch, never);
  }
}

async function measureLocal(name: 'lancedb' | 'pgvector', parent: string, points: readonly Point[]) {
  const title = name === 'lancedb' ? 'LanceDB' : 'PGlite';
  const folder = join(parent, title);
  mkdirSync(folder);
  const kept = join(folder, 'place');
  mkdirSync(kept);
  const definition = await loadEngine(name);
  const connect = () => {
    const own = mkdtempSync(join(folder, 'own-'));
    const options: ConnectOptions = {
      folder: own,
      place: kept,
      mode: definition.local!.mode,
      threads: 1,
      seed: 1,
    };
    return definition.connect(options, never);
  };
  const rawScan = name === 'lancedb' ? () => scanLance(kept) : () => scanPglite(kept, folder);
  await measurePlace(
    { title, address: `${name}:${kept}`, env: process.env, connect, rawScan },
    folder,
    points,
  );
}

/** Values as rows, as people read them; batches that nobody looks into cost next to nothing. */
async function scanLance(folder: string): Promise<number> {
  const lance = requireClient('@lancedb/lancedb') as {
    connect(folder: string): Promise<{ openTable(name: string): Promise<{ query(): AsyncIterable<Rows> }> }>;
  };
  interface Rows {
    toArray(): { toJSON(): { vector: { toArray(): Float32Array } } }[];
  }
  const table = await (await lance.connect(folder)).openTable('docs');
  let rows = 0;
  for await (const batch of table.query()) {
    for (const row of batch.toArray()) rows += Math.sign(row.toJSON().vector.toArray().length);
  }
  return rows;
}

/** From a copy, as an export reads one. */
async function scanPglite(kept: string, folder: string): Promise<number> {
  const copy = mkdtempSync(join(folder, 'copy-'));
  cpSync(kept, copy, { recursive: true });
  const { PGlite } = requireClient('@electric-sql/pglite') as {
    PGlite: { create(options: object): Promise<RawPglite> };
  };
  interface RawPglite {
    exec(sql: string): Promise<unknown>;
    query(sql: string): Promise<{ rows: unknown[] }>;
    close(): Promise<void>;
  }
  const { vector } = requireClient('@electric-sql/pglite-pgvector') as { vector: unknown };
  const database = await PGlite.create({ dataDir: copy, extensions: { vector } });
  const rows = await scanByCursor((sql) => database.query(sql));
  await database.close();
  rmSync(copy, { recursive: true });
  return rows;
}

async function scanByCursor(query: (sql: string) => Promise<{ rows: unknown[] }>): Promise<number> {
  await query('BEGIN');
  await query('DECLARE scan CURSOR FOR SELECT * FROM docs');
  let rows = 0;
  for (;;) {
    const page = await query('FETCH 1000 FROM scan');
    if (page.rows.length === 0) break;
    rows += page.rows.length;
  }
  await query('COMMIT');
  return rows;
}

async function measureServer(parent: string, points: readonly Point[]): Promise<void> {
  const title = 'pgvector';
  const folder = join(parent, 'server');
  mkdirSync(folder);
  const labels = ownLabels('bench-self');
  let server: LaunchedServer;
  try {
    server = await pgvector.launch({ mode: 'docker', labels, env: process.env, threads: 2, signal: never });
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    print(`${title}: export / the raw client’s scan`, 'not measured', messageOf(error).split('\n', 1)[0]);
    return;
  }
  try {
    const { endpoint } = server;
    const { host, port } = endpoint;
    const password = endpoint.secrets['password']!;
    const address = `pgvector:postgres://postgres@${host}:${port}/postgres?sslmode=disable`;
    const definition = await loadEngine('pgvector');
    const connect = () =>
      definition.connect({ endpoint, folder: mkdtempSync(join(folder, 'own-')), threads: 2, seed: 1 }, never);
    const { Client } = requireClient('pg') as typeof Pg;
    const rawScan = async () => {
      const client = new Client({ host, port, user: 'postgres', database: 'postgres', password });
      await client.connect();
      const rows = await scanByCursor((sql) => client.query(sql));
      await client.end();
      return rows;
    };
    const env = { ...process.env, PGPASSWORD: password };
    await measurePlace({ title, address, env, connect, rawScan }, folder, points);
  } finally {
    await server.stop();
  }
}

/** Generated rows of 128 dimensions in LanceDB, exported and compared, each in a process of its own. */
async function measureSizes(parent: string): Promise<void> {
  for (const rows of SIZES) {
    const folder = mkdtempSync(join(parent, 'size-'));
    const script = join(packageRoot, 'dist/test/self/migration-size.js');
    await peakOf([script, folder, String(rows)], folder);
    const cli = join(packageRoot, 'dist/cli/program.js');
    const place = `lancedb:${join(folder, 'place')}#docs`;
    const out = join(folder, 'export');
    const steps = {
      export: ['export', place, '--out', out],
      validate: ['validate', out],
      verify: ['verify', `export:${out}`, place],
    };
    for (const [step, args] of Object.entries(steps)) {
      const { seconds, peak } = await peakOf([cli, ...args], folder);
      const mib = peak === undefined ? 'memory not measurable here' : `${(peak / 2 ** 20).toFixed(0)} MiB`;
      print(
        `${step} of ${rows.toLocaleString('en')} x 128`,
        `${seconds.toFixed(1)} s, ${mib}`,
        `${((seconds / rows) * 1e6).toFixed(1)} s per million; target: linear, under 1 GB`,
      );
    }
    rmSync(folder, { recursive: true });
  }
}

async function peakOf(args: string[], cwd: string): Promise<{ seconds: number; peak: number | undefined }> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString();
  });
  let peak: number | undefined;
  const watch = setInterval(() => {
    peak = highWater(child.pid!) ?? peak;
  }, 50);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${said.slice(-500)}`);
  return { seconds: (performance.now() - start) / 1000, peak };
}

/** The kernel's own high-water mark of a process; undefined where there is none. */
function highWater(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined; // Ended, or no /proc here.
  }
}
