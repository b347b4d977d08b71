import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Point } from '../../engines/contract/points.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { writeMapping } from '../../migration/mapping/mapping.js';
import { dropCollection } from '../../migration/plan/drop.js';
import { verify } from '../../migration/verify/verify.js';
import { serverOf } from '../conformance/servers.js';
import { contenders } from '../conformance/session.js';
import { SPEC, somePoints } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const never = new AbortController().signal;
const POINTS = somePoints(120);
const wholeMatrix = process.env['VECPROOF_MATRIX'] === 'all';
const TENANTS = ['acme', 'acme/eu', 'Ünï'];
/** With everything that the probes ask for: values, null, missing, arrays and empty ones. */
const OWNED: Point[] = Array.from({ length: 60 }, (_, i) => ({
  id: `doc-${i}`,
  vectors: { vector: Float32Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 6 + j + 1)) },
  metadata: [{ n: i, s: 'X', tags: ['a', `t${i % 4}`] }, { n: i, s: null, tags: [] }, { n: i }][i % 3]!,
  tenant: TENANTS[i % TENANTS.length],
}));

/** Engines that answer over the network: theirs are the metrics and filters that applications meet. */
const engines = contenders
  .filter(({ definition }) => definition.server !== undefined && definition.capabilities.points !== null)
  .map((each) => ({ ...each, title: each.name + each.suffix }));

describe.each(engines)('inventory of $title', ({ definition, missing }) => {
  let folder: string;
  let connected: ConnectedEngine;
  const made: Collection[] = [];

  beforeAll(async () => {
    if (missing !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), 'vecproof-inventory-'));
    const { endpoint, mode } = await serverOf(definition);
    connected = await definition.connect({ endpoint, mode, folder, threads: 1, seed: 1 }, never);
  });
  afterAll(async () => {
    if (missing !== undefined) return;
    for (const each of made) await each.drop();
    await connected.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.skipIf(missing !== undefined)('measures the metric, and asks its own filters', async () => {
    const { metrics, scores } = definition.capabilities;
    for (const metric of metrics.filter((each) => each !== 'dot')) {
      const parsed = definition.parseOptions({ index: {}, search: {} });
      if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.issues));
      const name = `vecproof_inventory_${process.pid}_${metric}`;
      const spec = { ...SPEC, name, vectors: [{ ...SPEC.vectors[0]!, metric }], index: parsed.index };
      const collection = await connected.create(spec);
      made.push(collection);
      await collection.points!.upsert(POINTS);
      await collection.ready(never);
      const { address, env } = await placeOf(definition);
      const found = await takeInventory(`${address}#${name}`, { cwd: folder, env, signal: never });
      expect(found.counts).toMatchObject({
        counter: 120,
        distinct: 120,
        byId: { asked: 120, found: 120, withVector: 120, differing: { count: 0 } },
      });
      expect(found.vectors[0]!.measured).toMatchObject({ state: 'measured', metric });
      const { measured } = found.vectors[0]!;
      if (measured.state === 'measured') expect(measured.form).toBe(scores[metric]);
      expect(found.fingerprint.filter(({ state }) => state === 'different')).toEqual([]);
      const asked = found.fingerprint.filter(({ state }) => state === 'same').map(({ probe }) => probe);
      expect(asked).toEqual(expect.arrayContaining(['equal', 'not-equal', 'array', 'case', 'boundary']));
    }
  });

  // A load into three collections of Milvus takes its server minutes: with VECPROOF_MATRIX=all alone.
  test.skipIf(missing !== undefined || (definition.name === 'milvus' && !wholeMatrix))(
    'holds a collection for each tenant: all of it, searches, metric and the eight probes are as in the source',
    async () => {
      const { address, env } = await placeOf(definition);
      const surroundings = { cwd: folder, env, signal: never };
      const source = memorySource(OWNED, { ids: 'string', vectors: SPEC.vectors });
      const before = await exportCollection(source, { folder: join(folder, 'docs'), signal: never });
      const place = `${address}#vecproof_tenants_${process.pid}_{tenant}`;
      const mapping = await mapExport(join(folder, 'docs'), place, { index: {}, signal: never });
      const losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
      const file = join(folder, 'mapping.yaml');
      writeMapping(file, { ...mapping, losses });
      const state = join(folder, 'load');
      const load = { ...surroundings, source: join(folder, 'docs'), mapping: file, state };
      expect(await loadExport(load)).toMatchObject({ state: 'loaded', points: OWNED.length });
      try {
        const found = await verify('export:docs', place, { ...surroundings, mapping, samples: 50 });
        expect(found.findings).toEqual([]);
        expect(found).toMatchObject({ state: 'equal', counts: { matching: OWNED.length } });
        expect(found.tenants).toHaveLength(TENANTS.length);
        const states = Object.fromEntries(found.checks.map(({ check, state: is }) => [check, is]));
        expect(states).toMatchObject({
          retrieval: 'same',
          filters: 'same',
          metric: 'same',
          fingerprint: 'same',
        });
        const probes = found.checks.find(({ check }) => check === 'fingerprint')!.what;
        // Where null and missing are one, there is no missing to be asked for.
        expect(probes).toContain(
          definition.capabilities.metadata?.absence === 'null' ? '7 filters, 7 of' : '8 filters, 8 of',
        );
        const opened = await openSource(place, surroundings);
        const back = await exportCollection(opened, {
          folder: join(folder, 'back'),
          batchSize: 7,
          signal: never,
        }).finally(() => opened.close());
        expect([back.counts.exported, back.tenant]).toEqual([before.counts.exported, before.tenant]);
      } finally {
        const { madeBy } = JSON.parse(readFileSync(join(state, 'load.json'), 'utf8')) as { madeBy: string };
        await dropCollection(place, madeBy, surroundings);
      }
    },
  );
});

async function placeOf(definition: EngineDefinition): Promise<{ address: string; env: NodeJS.ProcessEnv }> {
  const { endpoint } = await serverOf(definition);
  const { host, port, tls, secrets, settings } = endpoint;
  const { user = 'postgres', database = 'postgres' } = settings;
  const address =
    definition.name === 'pgvector'
      ? `pgvector:postgres://${user}@${host}:${port}/${database}?sslmode=disable`
      : `${definition.name}:${tls ? 'https' : 'http'}://${host}:${port}`;
  return { address, env: { ...process.env, PGPASSWORD: secrets['password'] } };
}
