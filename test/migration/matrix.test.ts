import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { type Mapping, readMapping, writeMapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { serverOf } from '../conformance/servers.js';
import { contenders } from '../conformance/session.js';
import { canaries, TIMESTAMPS, VECTORS } from './helpers/canaries.js';
import { memorySource } from './helpers/memory-source.js';

const POINTS = canaries();
const never = new AbortController().signal;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-matrix-'));
  const source = memorySource(POINTS, { ids: 'string', vectors: VECTORS, fields: TIMESTAMPS });
  await exportCollection(source, { folder: join(folder, 'canaries'), signal: never });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Engines that keep whole points: those with a folder in one, others on their server. */
const engines = contenders
  .filter(({ definition }) => definition.capabilities.points !== null)
  .map((each) => ({ ...each, title: each.name + each.suffix }));

interface Place {
  address: string;
  env: NodeJS.ProcessEnv;
}

async function placeOf({ name, local, server }: EngineDefinition): Promise<Place> {
  if (local !== undefined) return { address: `${name}:${join(folder, name)}`, env: process.env };
  const { endpoint } = await serverOf({ name, local, server } as EngineDefinition);
  const { host, port, tls } = endpoint;
  return { address: `${name}:${tls ? 'https' : 'http'}://${host}:${port}`, env: process.env };
}

const wholeMatrix = process.env['VECPROOF_MATRIX'] === 'all';
let collections = 0;

/** Maps with every loss accepted, loads, and compares. */
async function moved(source: string, definition: EngineDefinition) {
  const { address, env } = await placeOf(definition);
  const place = `${address}#vecproof_matrix_${process.pid}_${++collections}`;
  const mappingFile = join(folder, `${collections}.yaml`);
  const proposed = await mapExport(join(folder, source), place, { index: {}, signal: never });
  const mapping: Mapping = {
    ...proposed,
    losses: proposed.losses.map((loss) => ({ ...loss, accepted: 'a test' })),
  };
  writeMapping(mappingFile, mapping);
  const surroundings = { cwd: folder, env, signal: never };
  const loaded = await loadExport({
    ...surroundings,
    source: join(folder, source),
    mapping: mappingFile,
    state: join(folder, `${collections}.load`),
  });
  const compare = (withMapping: boolean) =>
    verify(`export:${join(folder, source)}`, place, {
      ...surroundings,
      mapping: withMapping ? readMapping(mappingFile).mapping : undefined,
      samples: 100,
    });
  return { place, env, mapping, loaded, compare };
}

describe.each(engines)('canaries in $title', ({ definition, missing }) => {
  test.skipIf(missing !== undefined)('arrive, but for the losses that were told before', async () => {
    const { mapping, loaded, compare } = await moved('canaries', definition);
    expect(loaded).toMatchObject({ state: 'loaded', rejects: [] });
    const asMapped = await compare(true);
    expect(asMapped.samples).toEqual([]);
    expect(asMapped.state).toBe('equal');
    // What differs without the mapping is what was lost: nothing else, and nothing less.
    const { samples, counts } = await compare(false);
    const { leftOut } = loaded as { leftOut: number };
    expect({ missing: counts.missing, extra: counts.extra }).toEqual({ missing: leftOut, extra: 0 });
    for (const { words } of samples)
      for (const word of words) expect(isTold(mapping, word), `${word} was told`).toBe(true);
  });
});

/** Whether a difference between source and target is one of the losses that the mapping tells. */
function isTold({ losses }: Mapping, word: string): boolean {
  const [, of, json] = /^(field|vector) ("(?:[^"\\]|\\.)*")/.exec(word) ?? [];
  if (of === undefined || json === undefined)
    return losses.some(({ loss }) => loss === `${word.split(':')[0]}-dropped`);
  const name = JSON.parse(json) as string;
  if (of === 'vector') return losses.some((each) => each.of === name && each.loss.startsWith('vector-'));
  // A field of a nested object shows in the difference of the object.
  return losses.some((each) => each.of === '' || each.of === name || each.of.startsWith(`${name}.`));
}

describe.each(engines)('from $title', (from) => {
  const out = `from-${from.name}`;
  beforeAll(async () => {
    if (from.missing !== undefined) return;
    const first = await moved('canaries', from.definition);
    const source = await openSource(first.place, { cwd: folder, env: first.env, signal: never });
    try {
      await exportCollection(source, { folder: join(folder, out), signal: never });
    } finally {
      await source.close();
    }
  });

  // Milvus waits for its server half a minute at each load: `VECPROOF_MATRIX=all` for every pair with it as the target.
  for (const to of engines.filter(
    ({ name }) => wholeMatrix || name !== 'milvus' || from.name === 'lancedb',
  )) {
    const missing = from.missing ?? to.missing;
    test.skipIf(missing !== undefined)(`to ${to.title}: what arrived there arrives here`, async () => {
      const { loaded, compare } = await moved(out, to.definition);
      expect(loaded).toMatchObject({ state: 'loaded', rejects: [] });
      const { state, samples } = await compare(true);
      expect(samples).toEqual([]);
      expect(state).toBe('equal');
    });
  }
});
