import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine } from '../../engines/contract/engine.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { serverOf } from '../conformance/servers.js';
import { contenders } from '../conformance/session.js';
import { SPEC, somePoints } from './helpers/collection.js';

const never = new AbortController().signal;
const POINTS = somePoints(120);

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
      const { endpoint } = await serverOf(definition);
      const { host, port, tls, secrets, settings } = endpoint;
      const { user = 'postgres', database = 'postgres' } = settings;
      const address =
        definition.name === 'pgvector'
          ? `pgvector:postgres://${user}@${host}:${port}/${database}?sslmode=disable#${name}`
          : `${definition.name}:${tls ? 'https' : 'http'}://${host}:${port}#${name}`;
      const env = { ...process.env, PGPASSWORD: secrets['password'] };
      const found = await takeInventory(address, { cwd: folder, env, signal: never });
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
});
