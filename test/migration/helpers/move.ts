import { join } from 'node:path';
import { openSource } from '../../../migration/connections/open-source.js';
import { exportCollection } from '../../../migration/export/export.js';
import type { Manifest } from '../../../migration/export/manifest.js';
import { loadExport } from '../../../migration/load/load.js';
import { mapExport } from '../../../migration/mapping/map.js';
import { type Mapping, readMapping, writeMapping } from '../../../migration/mapping/mapping.js';
import { verify } from '../../../migration/verify/verify.js';

const never = new AbortController().signal;

/** Exports a place into `folder/name`. */
export async function exported(place: string, folder: string, name: string): Promise<Manifest> {
  const source = await openSource(place, { cwd: folder, env: process.env, signal: never });
  try {
    return await exportCollection(source, { folder: join(folder, name), partRows: 4, signal: never });
  } finally {
    await source.close();
  }
}

/** Maps an export with every loss accepted, loads it, and compares with and without the mapping. */
export async function movedTo(place: string, folder: string, name: string, state: string) {
  const source = join(folder, name);
  const file = join(folder, `${state}.yaml`);
  const proposed = await mapExport(source, place, { index: {}, signal: never });
  const accepted: Mapping = {
    ...proposed,
    losses: proposed.losses.map((loss) => ({ ...loss, accepted: 'a test' })),
  };
  writeMapping(file, accepted);
  const surroundings = { cwd: folder, env: process.env, signal: never };
  const loaded = await loadExport({
    ...surroundings,
    source,
    mapping: file,
    state: join(folder, `${state}.load`),
  });
  const compare = (mapping: Mapping | undefined) =>
    verify(`export:${source}`, place, { ...surroundings, mapping, samples: 100 });
  const asMapped = await compare(readMapping(file).mapping);
  return { mapping: accepted, loaded, asMapped, asIs: await compare(undefined) };
}
