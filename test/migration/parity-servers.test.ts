import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Point } from '../../engines/contract/points.js';
import { loadEngine } from '../../engines/registry.js';
import { concludeRun } from '../../harness/app/conclude-run.js';
import type { Context } from '../../harness/app/context.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { readMapping, writeMapping } from '../../migration/mapping/mapping.js';
import { comparePlaces } from '../../migration/parity/compare.js';
import { defaultThresholds } from '../../migration/parity/thresholds.js';
import { findServer, serverOf } from '../conformance/servers.js';
import { seeded } from './helpers/seeded.js';

const never = new AbortController().signal;
const DIMENSIONS = 16;
const FIELDS = [
  { name: 'size', type: 'integer', nullable: true },
  { name: 'owner', type: 'string', nullable: true },
] as const;
const [pgvector, qdrant] = [await loadEngine('pgvector'), await loadEngine('qdrant')];
const missing = (await Promise.all([pgvector, qdrant].map(findServer))).find(
  ({ state }) => state === 'missing',
);

/** On its server, also where it can keep a folder. */
async function onServer(definition: EngineDefinition) {
  const { endpoint, mode } = await serverOf(definition);
  const { host, port, tls, settings, secrets } = endpoint;
  const scratch = join(folder, definition.name);
  mkdirSync(scratch, { recursive: true });
  const connected = await definition.connect({ endpoint, mode, folder: scratch, threads: 2, seed: 0 }, never);
  const user = settings['user'] === undefined ? '' : `${settings['user']}@`;
  const scheme = definition.name === 'pgvector' ? 'postgres' : tls ? 'https' : 'http';
  const path = settings['database'] === undefined ? '' : `/${settings['database']}?sslmode=disable`;
  const env = { ...process.env, ...(secrets['password'] && { PGPASSWORD: secrets['password'] }) };
  return { connected, address: `${definition.name}:${scheme}://${user}${host}:${port}${path}`, env };
}

let folder: string;
let closing: ConnectedEngine[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-parity-'));
});
afterAll(async () => {
  for (const each of closing) await each.close();
  closing = [];
  rmSync(folder, { recursive: true, force: true });
});

function somePoints(count: number): Point[] {
  const random = seeded(5);
  return Array.from({ length: count }, (_, i) => ({
    id: `doc ${i}`,
    vectors: { vector: Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5) },
    metadata: { size: i % 100, owner: `o${i % 4}` },
  }));
}

function queryFile(): string {
  const random = seeded(6);
  const lines = Array.from({ length: 120 }, (_, i) => {
    const vector = Array.from({ length: DIMENSIONS }, () => random() - 0.5);
    const tenant = { group: 'tenant', tenant: 'owner', filter: { owner: `o${i % 4}` } };
    return JSON.stringify({ id: `q${i}`, vector, ...(i % 2 === 0 ? tenant : {}) });
  });
  const path = join(folder, 'q.jsonl');
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe.skipIf(missing !== undefined)('pgvector on a server to Qdrant', () => {
  test('after a load both answer alike; a permission lost in the target is found', async () => {
    const [source, target] = [await onServer(pgvector), await onServer(qdrant)];
    closing.push(source.connected, target.connected);
    const name = `vecproof_parity_${process.pid}`;
    const parsed = pgvector.parseOptions({ index: { type: 'hnsw' }, search: {} });
    if (parsed.state !== 'ok') throw new Error('no options');
    const vector = {
      name: 'vector',
      kind: 'dense',
      type: 'f32',
      dimensions: DIMENSIONS,
      metric: 'cosine',
    } as const;
    const collection = await source.connected.create({
      name,
      vectors: [vector],
      ids: 'string',
      fields: FIELDS,
      index: parsed.index,
    });
    const env = { ...source.env, ...target.env, ...source.env };
    const [from, to] = [`${source.address}#${name}`, `${target.address}#${name}`];
    try {
      await collection.points!.upsert(somePoints(1500));
      await collection.ready(never);
      const surroundings = { cwd: folder, env, signal: never };
      const opened = await openSource(from, surroundings);
      await exportCollection(opened, { folder: join(folder, 'docs'), signal: never }).finally(() =>
        opened.close(),
      );
      const queries = queryFile();
      const mapping = await mapExport(join(folder, 'docs'), to, {
        index: { type: 'hnsw' },
        queries: { path: queries, shown: 'q.jsonl' },
        thresholds: [0.4],
        signal: never,
      });
      expect(mapping.fields.find((field) => field.from === 'owner')).toMatchObject({
        required: true,
        filterable: true,
      });
      // 1 - cos here, cos there.
      expect(mapping.thresholds).toEqual([expect.objectContaining({ target: 0.6, keeps: 'at least' })]);
      const losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
      const file = join(folder, 'mapping.yaml');
      writeMapping(file, { ...mapping, losses });
      const load = {
        source: join(folder, 'docs'),
        mapping: file,
        state: join(folder, 'load'),
        ...surroundings,
      };
      expect(await loadExport(load)).toMatchObject({ state: 'loaded', points: 1500 });

      const compare = () => compared(from, to, queries, file, env);
      const good = await compare();
      expect(good.failed).toEqual([]);
      expect(good.outcome).toBe('passed');

      const loaded = await target.connected.open!(name);
      // What is indexed of the payload is what queries filter by.
      const { fields } = await loaded.points!.describe();
      expect(fields.find((field) => field.name === 'owner')?.native).toContain('keyword index');
      expect(fields.find((field) => field.name === 'size')?.native).toContain('without an index');
      for (let i = 0; i < 1500; i += 5) await loaded.points!.update({ id: `doc ${i}`, unset: ['owner'] });
      const bad = await compare();
      expect(bad.outcome).toBe('failed');
      expect(bad.failed).toEqual(
        expect.arrayContaining([
          'required.missing{series:target}: total == 0',
          'parity.lost{parity:exact}: total == 0',
        ]),
      );
      await loaded.drop();
    } finally {
      await collection.drop();
    }
  });
});

async function compared(
  source: string,
  target: string,
  queries: string,
  file: string,
  env: NodeJS.ProcessEnv,
) {
  const context: Context = {
    runs: join(folder, '.runs'),
    cache: join(folder, '.cache'),
    cwd: folder,
    env,
    signal: never,
    onEvent: () => {},
    hide: () => {},
  };
  const { folder: run } = await comparePlaces(
    {
      source,
      target,
      queries: { path: queries, shown: 'q.jsonl' },
      thresholds: defaultThresholds(10, 1),
      mapping: { ...readMapping(file), folder },
      exported: join(folder, 'docs'),
      required: [],
      search: { source: { ef: 200, iterativeScan: 'strict' }, target: { ef: 200 } },
      warmup: 5,
      seed: 1,
    },
    context,
  );
  const { judgement } = await concludeRun(run, {}, context);
  if (judgement.state !== 'judged') throw new Error('it was not judged', { cause: judgement });
  const { outcome, verdicts } = judgement.verdicts!;
  const failed = verdicts.flatMap(({ name, state, level }) =>
    state !== 'pass' && level === 'error' ? [name] : [],
  );
  return { outcome, failed };
}
