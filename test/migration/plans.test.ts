import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportCollection } from '../../migration/export/export.js';
import { loadExport } from '../../migration/load/load.js';
import { scanned } from '../../migration/load/query-plans.js';
import { mapExport } from '../../migration/mapping/map.js';
import { writeMapping } from '../../migration/mapping/mapping.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC, somePoints } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

/** At the end of a load: how the target answers the filters of the application. */

const never = new AbortController().signal;
const vector = [1, 0, 0, 0, 0, 0];

test('are told for each filter of the application', async () => {
  const work = new Workspace();
  const points = somePoints(300).map(({ id, vectors }, i) => ({ id, vectors, metadata: { n: i } }));
  const source = join(work.folder, 'docs');
  const opened = memorySource(points, { ids: 'string', vectors: SPEC.vectors });
  await exportCollection(opened, { folder: source, signal: never });
  const path = work.write(
    'queries.jsonl',
    [
      { id: 'a', vector, filter: { n: { $gte: 0 } }, group: 'wide' },
      { id: 'b', vector, filter: { n: { $gte: 5 } }, group: 'wide' },
      { id: 'c', vector, filter: { n: 7 }, group: 'narrow' },
    ]
      .map((each) => JSON.stringify(each))
      .join('\n'),
  );
  const plansIn = async (engine: string) => {
    const place = `${engine}:./${engine}#docs`;
    const mapping = await mapExport(source, place, {
      index: { type: 'hnsw', m: 8 },
      queries: { path, shown: 'queries.jsonl' },
      signal: never,
    });
    const file = join(work.folder, `${engine}.yaml`);
    writeMapping(file, {
      ...mapping,
      losses: mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' })),
    });
    const surroundings = { cwd: work.folder, env: process.env, signal: never };
    const loaded = await loadExport({ ...surroundings, source, mapping: file, state: `${file}.load` });
    return (loaded as { plans: Parameters<typeof scanned>[0] }).plans;
  };
  const plans = await plansIn('pgvector');
  expect(plans).toMatchObject([
    { group: 'wide', queries: 2, plan: expect.stringMatching(/^(vector index|field index|scan)$/) },
    { group: 'narrow', queries: 1, plan: expect.stringMatching(/^(vector index|field index|scan)$/) },
  ]);
  expect(scanned(plans)).toEqual(plans.filter(({ plan }) => plan === 'scan'));
}, 200_000);
