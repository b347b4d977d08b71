import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectedEngine } from '../../../engines/contract/engine.js';
import type { Point } from '../../../engines/contract/points.js';
import type { CollectionSpec } from '../../../engines/contract/spec.js';
import { loadEngine } from '../../../engines/registry.js';
import { openSource } from '../../../migration/connections/open-source.js';
import type { Surroundings } from '../../../migration/connections/reach.js';
import { exportCollection } from '../../../migration/export/export.js';
import { loadExport } from '../../../migration/load/load.js';
import { mapExport } from '../../../migration/mapping/map.js';
import { writeMapping } from '../../../migration/mapping/mapping.js';
import { verify } from '../../../migration/verify/verify.js';
import { bulkLoad, SPEC } from './rows.js';
import { inTurns, ratio, type Ways } from './turns.js';

const never = new AbortController().signal;

export interface MeasuredPlace {
  title: string;
  /** `engine:address` */
  address: string;
  env: NodeJS.ProcessEnv;
  connect(): Promise<ConnectedEngine>;
  /** All rows by the client alone, each value as it gives it. */
  rawScan(): Promise<number>;
}

/** Exports, comparisons and loads beside what the raw client or the adapter's fastest way needs for the same rows. */
export async function measurePlace(
  place: MeasuredPlace,
  folder: string,
  points: readonly Point[],
): Promise<void> {
  const { title, address } = place;
  const surroundings = { cwd: folder, env: place.env, signal: never };
  const engine = address.slice(0, address.indexOf(':'));
  const definition = await loadEngine(engine);
  const parsed = definition.parseOptions({ index: { type: 'flat' }, search: {} });
  if (parsed.state !== 'ok') throw new Error(`${engine} has no flat index`);
  const spec = { ...SPEC, index: parsed.index };
  const first = await place.connect();
  const made = await first.create(spec);
  await bulkLoad(made, points, never);
  await made.ready(never);
  await first.close();

  const out = join(folder, `export-${title}`);
  const times = await inTurns(readingWays(place, surroundings, out));
  ratio(`${title}: export / the raw client’s scan`, times['export']!, times['raw']!, 'target: within 1.5 x');
  ratio('  the adapter’s own scan / the raw client’s', times['scan']!, times['raw']!, '');
  ratio('  verify of both sides’ points / one scan', times['points']!, times['scan']!, 'target: under 2 x');
  ratio('  verify with the engine’s own answers / one scan', times['verify']!, times['scan']!, '');

  const mapping = await mapExport(out, `${address}#loaded`, { index: { type: 'flat' }, signal: never });
  const losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'measured' }));
  const loading = await inTurns(
    loadingWays(place, { ...mapping, losses }, spec, { ...surroundings, out }, points),
  );
  ratio('  load / bulk load and reading back', loading['own']!, loading['bulk']!, 'target: within 1.5 x');
}

function readingWays({ address, rawScan }: MeasuredPlace, surroundings: Surroundings, out: string): Ways {
  return {
    raw: rawScan,
    scan: async () => {
      const source = await openSource(`${address}#docs`, surroundings);
      const snapshot = await source.collection.points.snapshot();
      for await (const page of snapshot.scan({ batchSize: 1000, signal: never })) void page;
      await snapshot.close();
      await source.close();
    },
    export: async () => {
      rmSync(out, { recursive: true, force: true });
      const source = await openSource(`${address}#docs`, surroundings);
      await exportCollection(source, { folder: out, signal: never });
      await source.close();
    },
    points: () => verify(`export:${out}`, `${address}#docs`, { ...surroundings, pointsOnly: true }),
    verify: () => verify(`export:${out}`, `${address}#docs`, surroundings),
  };
}

function loadingWays(
  place: MeasuredPlace,
  mapping: Awaited<ReturnType<typeof mapExport>>,
  spec: CollectionSpec,
  { out, ...surroundings }: Surroundings & { out: string },
  points: readonly Point[],
): Ways {
  let loads = 0;
  const bulk = async () => {
    const name = `bulk_${++loads}`;
    const connected = await place.connect();
    const collection = await connected.create({ ...spec, name });
    // Read back as it is written, batch by batch: the fastest way that there is to ask for points by their ids.
    await bulkLoad(collection, points, never, (batch) => collection.points!.get(batch.map(({ id }) => id)));
    await collection.ready(never);
    await collection.drop();
    await connected.close();
  };
  const own = async () => {
    const name = `loaded_${++loads}`;
    const path = join(surroundings.cwd, `${place.title}-${name}.yaml`);
    writeMapping(path, { ...mapping, target: { ...mapping.target, place: `${place.address}#${name}` } });
    const state = join(surroundings.cwd, `${place.title}-${name}.load`);
    const result = await loadExport({ ...surroundings, source: out, mapping: path, state });
    if (result.state !== 'loaded') throw new Error(result.state);
    const connected = await place.connect();
    await (await connected.open!(name)).drop();
    await connected.close();
  };
  return { bulk, own };
}
