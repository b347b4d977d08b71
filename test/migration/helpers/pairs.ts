import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import { openSource } from '../../../migration/connections/open-source.js';
import { exportCollection } from '../../../migration/export/export.js';
import { type LoadResult, loadExport } from '../../../migration/load/load.js';
import { mapExport } from '../../../migration/mapping/map.js';
import { type Mapping, readMapping, writeMapping } from '../../../migration/mapping/mapping.js';
import { type Verification, verify } from '../../../migration/verify/verify.js';
import { findServer, serverOf } from '../../conformance/servers.js';
import { contenders } from '../../conformance/session.js';
import type { CanarySet } from './canaries.js';
import { memorySource } from './memory-source.js';

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'vecproof-matrix-'));
export const matrixFolder = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Engines that keep whole points: those with a folder in one, others on their server. */
export const engines = contenders
  .filter(({ definition }) => definition.capabilities.points !== null)
  .map((each) => ({ ...each, title: each.name + each.suffix }));
export type MatrixEngine = (typeof engines)[number];

const env = { ...process.env };
const surroundings = { cwd: folder, env, signal: never };
/** With every pair, and with databases in folders where an engine has both: each look at one copies it. */
export const wholeMatrix = process.env['VECPROOF_MATRIX'] === 'all';

async function addressOf(definition: EngineDefinition): Promise<string> {
  const { name, local } = definition;
  const hasServer = !wholeMatrix && (await findServer(definition)).state === 'server';
  if (local !== undefined && !hasServer) return `${name}:${join(folder, name)}`;
  const { host, port, tls, settings, secrets } = (await serverOf(definition)).endpoint;
  if (local === undefined) return `${name}:${tls ? 'https' : 'http'}://${host}:${port}`;
  const { user = 'postgres', database = 'postgres' } = settings;
  if (secrets['password'] !== undefined) env['PGPASSWORD'] = secrets['password'];
  return `${name}:postgres://${user}@${host}:${port}/${database}?sslmode=disable`;
}

/** Writes points as an export: what no engine has changed. */
export async function exportSet({ name, points, ...shape }: CanarySet): Promise<void> {
  await exportCollection(memorySource(points, shape), { folder: join(folder, name), signal: never });
}

/** Reads a collection into an export. */
export async function exportPlace(place: string, name: string): Promise<void> {
  const source = await openSource(place, surroundings);
  try {
    await exportCollection(source, { folder: join(folder, name), signal: never });
  } finally {
    await source.close();
  }
}

export interface Moved {
  place: string;
  mapping: Mapping;
  loaded: LoadResult;
  /** As the mapping wants it, by everything that a target can be asked. */
  compare(): Promise<Verification>;
}

let collections = 0;

/** Maps an export with every loss accepted, and loads it into a collection of its own. */
export async function move(source: string, definition: EngineDefinition): Promise<Moved> {
  const address = await addressOf(definition);
  const place = `${address}#vecproof_matrix_${process.pid}_${++collections}`;
  const mappingFile = join(folder, `${collections}.yaml`);
  const proposed = await mapExport(join(folder, source), place, { index: {}, signal: never });
  const losses = proposed.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
  writeMapping(mappingFile, { ...proposed, losses });
  const loaded = await loadExport({
    ...surroundings,
    source: join(folder, source),
    mapping: mappingFile,
    state: join(folder, `${collections}.load`),
  });
  const { mapping } = readMapping(mappingFile);
  return {
    place,
    mapping,
    loaded,
    compare: () =>
      verify(`export:${join(folder, source)}`, place, {
        ...surroundings,
        mapping,
        mappingFolder: folder,
        samples: 1000,
      }),
  };
}

const arrived = new Map<string, Promise<Moved>>();

/** The set in an engine, moved there once. */
export function arrivedIn({ name, definition }: MatrixEngine, set: string): Promise<Moved> {
  const key = `${set} in ${name}`;
  const there = arrived.get(key) ?? move(set, definition);
  arrived.set(key, there);
  return there;
}

/** Losses that a mapping tells of an export, on the way to an engine; nothing is opened there. */
export async function toldOf(source: string, { name, definition }: MatrixEngine): Promise<string[]> {
  const place = definition.local === undefined ? `${name}:http://localhost:1#docs` : `${name}:./none#docs`;
  const { losses } = await mapExport(join(folder, source), place, { index: {}, signal: never });
  return losses.map(({ loss }) => loss);
}

/** Compares two exports without a mapping, as if nothing had been accepted: by content alone, no engine is asked again. */
export function compareExports(first: string, second: string): Promise<Verification> {
  const [from, to] = [first, second].map((name) => `export:${join(folder, name)}`);
  return verify(from!, to!, { ...surroundings, samples: 1000 });
}

const read = new Map<string, Promise<string>>();

/** The export of a set as it has arrived in an engine, read there once. */
export function readFrom(engine: MatrixEngine, set: string): Promise<string> {
  const name = `${set} from ${engine.name}`;
  const there =
    read.get(name) ??
    arrivedIn(engine, set)
      .then(({ place }) => exportPlace(place, name))
      .then(() => name);
  read.set(name, there);
  return there;
}
